import { expect, test } from "vitest";
import { diagnose } from "../claims/diagnosis.ts";
import { worldResults } from "../claims/world.fixture.ts";
import { diagnosisPage } from "./diagnosis-page.ts";

test("the page has verdict, every rate and the rules, and loads nothing", () => {
  const page = diagnosisPage(diagnose(worldResults({ prunings: [] }), 0.01), []);
  expect(page).toContain('<span class="badge fails">insufficient</span> lr 0.01 is insufficient');
  expect(page).toContain("<tr><th>0.01</th>");
  expect(page).toContain("<tr><th>0.1</th>");
  expect(page).toContain('<a href="report.html">');
  expect(page).not.toMatch(/<script|<link|src=|https?:/);
});
