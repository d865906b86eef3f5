import { giveKey } from "../lib/api";
import { reload } from "../state/feed";

/** Where the gateway lets nobody read without a key. */
export function KeyForm() {
  return (
    <form
      class="empty key-form"
      onSubmit={(submit) => {
        submit.preventDefault();
        giveKey(String(new FormData(submit.currentTarget).get("key") ?? ""));
        reload();
      }}
    >
      <p class="empty-title">This gateway asks for a key</p>
      <p>
        Whoever runs it makes one with <code>geonews keys create --scope read</code>. It stays in this tab only.
      </p>
      <label for="key">API key</label>
      <input id="key" name="key" type="password" autocomplete="off" required />
      <button type="submit" class="strong">
        Read
      </button>
    </form>
  );
}
