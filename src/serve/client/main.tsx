import { render } from "preact";
import type { StateView } from "../views.ts";
import { getJson, takeToken } from "./api.ts";

takeToken();
const app = document.getElementById("app") ?? document.body;
const { rows } = await getJson<StateView>("/api/state");
render(
  <table>
    {rows.map((row) => (
      <tr key={row.id}>
        <td>{row.label}</td>
        <td>{row.state}</td>
        <td>{row.accuracy}</td>
      </tr>
    ))}
  </table>,
  app,
);
