import { render } from "preact";
import { takeToken } from "./api.ts";
import { App } from "./app.tsx";
import { Live } from "./live.ts";

takeToken();
const live = new Live();
void live.follow();
render(<App live={live} />, document.getElementById("app") ?? document.body);
