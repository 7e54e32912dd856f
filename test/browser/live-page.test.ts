import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Json } from "../../src/core/canonical-json.ts";
import { experimentId } from "../../src/plan/experiment-id.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { type LiveServer, serveLive } from "../../src/serve/listen.ts";
import { parseSpec } from "../../src/spec/parse.ts";
import { Store } from "../../src/store/store.ts";
import { RunningCli, temporaryFolder, writeSpec } from "../cli-runner.ts";
import { accessibilityProblems, expectQuiet, openPage, type WatchedPage } from "./browser.ts";

// The live page in a real Chromium, over a store that a real run writes. The experiment's name would do harm if it were taken for HTML.

const folder = temporaryFolder();
const name = "<img src=x onerror=\"document.title='taken over'\">";
const spec = writeSpec(
  folder,
  `
name: ${JSON.stringify(name)}
question: Does <script>document.title = 'taken over'</script> stay text?
data: { name: fashion-mnist, subset: 800, testSubset: 200 }
model: { name: lenet5, width: 0.5 }
train: { epochs: 8, batchSize: 16, optimizer: { sgd: { lr: 0.05 } } }
sweep: { train.optimizer.sgd.momentum: [0.5] }
seeds: 2
prune: [{ one-shot: { sparsities: [0.5] } }]
retrain: [ticket, reinit]
`,
);
const out = join(folder, "out");
const run = () => new RunningCli(["run", spec, "--workers", "1", "--out", out]);

let serve: RunningCli;
let address: string;
let origin: string;

beforeAll(async () => {
  serve = new RunningCli(["serve", out, "--port", "0"]);
  while (!serve.stdout.includes("\n") && serve.child.exitCode === null) await sleep(20);
  address = serve.stdout.trim();
  origin = new URL(address).origin;
});
afterAll(async () => {
  serve.child.kill("SIGTERM");
  expect((await serve.finished).code).toBe(0);
});

/** Titles of the lines of the table. */
function titles(page: Page): Promise<string[]> {
  return page.locator(".table tbody th").allInnerTexts();
}

describe("the live page", () => {
  it("follows a run: it appears, its curve grows, it is stopped and goes on, a verdict comes", async () => {
    const watched = await openPage(address);
    const { page } = watched;
    await page.getByText("No experiment here yet").waitFor();
    expect(page.url()).toBe(`${origin}/`); // the token is not in the address any more

    const first = run();
    await page.locator(".chart").waitFor();
    // Looks may come as late as the last epoch of one training; then the next one's grow.
    await page.waitForFunction(
      () => {
        const text = document.querySelector(".chart .at")?.textContent ?? "";
        const now = Number(/epoch (\d+)/.exec(text)?.[1] ?? 0);
        const before = Number(document.body.dataset.epoch ?? now);
        document.body.dataset.epoch = String(now);
        return before >= 1 && now > before;
      },
      undefined,
      { polling: 100 },
    );
    expect(await page.locator(".chart canvas").count()).toBe(1);
    await page.getByText(/\d running/).waitFor();

    await page.locator(".card").getByRole("button", { name: "Stop" }).click();
    expect((await first.finished).code).toBe(3);
    expect(first.stderr).toContain("stopped by request");
    await page.getByText(/\d stopped/).waitFor();
    await page.locator(".card").getByRole("button", { name: "Resume" }).click();
    await page.getByText(/\d waiting/).waitFor();

    const second = run();
    await page.getByRole("link", { name: "Verdicts" }).click();
    await page.locator(".verdicts .badge").waitFor();
    expect((await second.finished).code).toBe(0);
    await page.getByText("6 of 6 runs are done").waitFor();
    expect(await page.locator(".verdicts tbody tr").textContent()).toMatch(/one-shot 50 %(holds|fails|undecided)/);
    await page.locator("#figures").scrollIntoViewIfNeeded();
    await page.locator(".report-figure svg").first().waitFor();
    expectQuiet(watched, origin);
    await page.context().close();
  }, 90_000);

  it("shows names as text", async () => {
    const watched = await openPage(address);
    const { page } = watched;
    await page.locator(".card h2").getByText(name).waitFor();
    await page.keyboard.press("2");
    await page.getByText("Does <script>document.title = 'taken over'</script> stay text?").waitFor();
    await page.locator("#figures").scrollIntoViewIfNeeded();
    await page.locator(".report-figure svg").first().waitFor();
    expect(await page.title()).toBe("sweepstake");
    expect(await page.locator("img, iframe, script:not([type])").count()).toBe(0);
    expectQuiet(watched, origin);
    await page.context().close();
  });

  it("keeps filter, order, groups, choice and details in the address, for another tab and for the way back", async () => {
    const { page } = await openPage(address);
    await page.locator(".table tbody tr").first().waitFor();
    await page.getByLabel("Group by").selectOption("");
    await page.getByLabel("Filter").fill("-start:dense seed:1");
    await page.getByRole("button", { name: "test acc. %" }).click();
    await page.getByRole("button", { name: "test acc. %" }).click();
    const shown = await titles(page);
    expect([...shown].sort()).toEqual(["reinit, one-shot 50 %", "ticket, one-shot 50 %"]);
    const accuracies = await page.locator(".table tbody tr td:nth-child(5)").allInnerTexts();
    expect(accuracies.map(Number)).toEqual(accuracies.map(Number).sort((a, b) => b - a));
    await page.locator(".table tbody tr").first().press("Space");
    await page.locator(".table tbody tr").first().press("Enter");
    await page.locator(".table tbody tr").first().press("b");
    const label = await page.locator(".details h2").textContent();
    await page.getByText("baseline:").waitFor();

    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.locator(".details h2").waitFor();
    expect(await other.locator(".details h2").textContent()).toBe(label);
    expect(await titles(other)).toEqual(shown);
    expect(await other.getByLabel("Filter").inputValue()).toBe("-start:dense seed:1");
    expect(await other.locator(".table input:checked").count()).toBe(1);
    expect(await other.locator("th[aria-sort=descending]").textContent()).toContain("test acc. %");
    await other.keyboard.press("3");
    await other.getByText("Weights kept").waitFor();
    await other.goBack();
    await other.locator(".table").waitFor();
    expect(await titles(other)).toEqual(shown);
    await other.getByLabel("Filter").fill("nonsense:1");
    await other.getByText("there is no field nonsense").waitFor();
    await page.context().close();
  });

  it.each([
    { what: "light", options: {} },
    { what: "dark", options: { colorScheme: "dark" as const } },
    { what: "a phone", options: { viewport: { width: 375, height: 740 }, hasTouch: true } },
  ])("can be read and used: $what", async ({ options }) => {
    const watched = await openPage(address, options);
    const { page } = watched;
    await page.locator(".table tbody tr").first().waitFor();
    await page.locator(".chart").waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.locator(".table tbody tr").first().click();
    await page.locator(".table tbody tr.run").first().click();
    await page.locator(".details").waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.keyboard.press("Escape");
    for (const link of ["Verdicts", "Layers"]) {
      await page.getByRole("link", { name: link }).click();
      await page.locator(".sheet table").first().waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
    }
    const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(dark === "rgb(255, 255, 255)").toBe(!("colorScheme" in options));
    expectQuiet(watched, origin);
    await page.context().close();
  });

  it("without its token shows nothing", async () => {
    const { page } = await openPage(`${origin}/`);
    await page.getByText("This page needs its token").waitFor();
    expect(await page.locator("body").textContent()).not.toContain("one-shot");
    await page.context().close();
  });
});

describe("five thousand runs", () => {
  let server: LiveServer;
  let watched: WatchedPage;

  beforeAll(async () => {
    const rates = Array.from({ length: 25 }, (_, i) => (i + 1) / 100).join(", ");
    const text = `
name: many
data: { name: fashion-mnist }
model: lenet5
train: { epochs: 10, optimizer: { sgd: { lr: 0.1 } } }
sweep: { train.optimizer.sgd.lr: [${rates}] }
seeds: 40
prune: [{ one-shot: { sparsities: [0.5, 0.9] } }]
retrain: [ticket, reinit]
`;
    const plan = makePlan(parseSpec(text, "many.yaml"));
    const root = join(folder, "many");
    const store = Store.open(root);
    store.experiments.note(experimentId(plan), plan.spec as unknown as Json);
    server = await serveLive(store, root, 0);
    watched = await openPage(server.address);
  });
  afterAll(() => server.close());

  it("stay fluid: few rows are made, and scrolling, filtering and sorting answer at once", async () => {
    const { page } = watched;
    await page.getByText("5000 of 5000 runs").waitFor();
    await page.getByLabel("Group by").selectOption("");
    const measured = await page.evaluate(async () => {
      const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
      const table = document.querySelector(".table");
      const times: number[] = [];
      let mostRows = 0;
      let before = await frame();
      for (let i = 0; i < 90; i++) {
        table?.scrollBy(0, i < 60 ? 400 : 4000);
        const now = await frame();
        times.push(now - before);
        before = now;
        mostRows = Math.max(mostRows, document.querySelectorAll(".table tr").length);
      }
      const empty = document
        .elementFromPoint(400, (table?.getBoundingClientRect().top ?? 0) + 200)
        ?.closest("tr.space");
      times.sort((a, b) => a - b);
      return { median: times[45] ?? 0, slow: times[85] ?? 0, mostRows, isFilled: empty === null };
    });
    const answer = async (act: () => Promise<unknown>, shown: string) => {
      const start = performance.now();
      await act();
      await page.getByText(shown).waitFor();
      return performance.now() - start;
    };
    const filtering = await answer(
      () => page.getByLabel("Filter").fill("lr:0.07 ticket sparsity>=0.9"),
      "40 of 5000 runs",
    );
    const clearing = await answer(() => page.getByLabel("Filter").fill(""), "5000 of 5000 runs");
    const sortStart = performance.now();
    await page.getByLabel("Sort by").selectOption("seed");
    await page.getByRole("button", { name: "high to low" }).click();
    await page.locator(".table tbody tr", { hasText: "39" }).first().waitFor();
    const sorting = performance.now() - sortStart;
    if (process.env.SWEEPSTAKE_MEASURE !== undefined) console.log({ ...measured, filtering, clearing, sorting });
    expect(measured.mostRows).toBeLessThan(120);
    expect(measured.isFilled).toBe(true);
    // An idle machine needs a frame of 17 ms, and tenths of a second; these bounds leave room for one that does other work.
    expect(measured.median).toBeLessThan(100);
    expect(Math.max(filtering, clearing, sorting)).toBeLessThan(3_000);
    expectQuiet(watched, new URL(server.address).origin);
  });
});
