import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { shortcuts } from "../state/prefs";

export const helpOpen = signal(false);

const KEYS: readonly [keys: string, what: string][] = [
  ["1 – 5", "Live, World, Stories, Alerts, Sources"],
  ["/", "search"],
  ["j, k", "next, previous item"],
  ["Enter", "open the article that has the focus"],
  ["o", "show or hide the details of the item"],
  ["p", "pause or resume"],
  ["f", "filters"],
  ["x", "clear all filters"],
  ["t", "colours: as the system, light, dark"],
  ["Esc", "close, or leave the search"],
  ["?", "this list"],
];

/** The list of keys, and the switch that turns them off for those whose tools send single keys. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => (helpOpen.value = false)}>
      <h2 id="help-title">Keys</h2>
      <dl>
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label class="switch">
        <input
          type="checkbox"
          checked={shortcuts.value}
          onChange={(change) => (shortcuts.value = change.currentTarget.checked)}
        />
        Single keys are shortcuts
      </label>
      <h2>States</h2>
      <dl class="states">
        <div>
          <dt>connected</dt>
          <dd>events appear as they are published</dd>
        </div>
        <div>
          <dt>behind</dt>
          <dd>connected, but events arrive over a minute late or the gateway has lost Kafka</dd>
        </div>
        <div>
          <dt>reconnecting</dt>
          <dd>the stream broke; it goes on from the last event, so none is missed or repeated</dd>
        </div>
        <div>
          <dt>paused</dt>
          <dd>new events are counted and appear when you resume</dd>
        </div>
      </dl>
      <button type="button" class="strong" onClick={() => (helpOpen.value = false)}>
        Close
      </button>
    </dialog>
  );
}
