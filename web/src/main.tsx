import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";
import "./style/frame.css";
import "./style/events.css";
import "./style/panels.css";
import { startDesk } from "./state/desk";
import { startFeed } from "./state/feed";
import { App } from "./ui/App";
import { listenForKeys } from "./ui/keys";

const page = document.getElementById("page");
if (page) {
  page.replaceChildren();
  render(<App />, page);
  startFeed();
  startDesk();
  listenForKeys();
}
