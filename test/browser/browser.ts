import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, expect } from "vitest";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
let browser: Browser | undefined;
afterAll(() => browser?.close());

/** A page of a real Chromium, with everything that it complains of and every address that it asks. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: readonly string[];
  readonly addresses: readonly string[];
}

export async function openPage(address: string, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  if (!existsSync(executablePath))
    throw new Error(`${executablePath} is missing: run npm run setup, or set CHROMIUM to a Chromium's path`);
  browser ??= await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const addresses: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => addresses.push(request.url()));
  page.setDefaultTimeout(30_000);
  await page.goto(address);
  return { page, complaints, addresses };
}

/** What keeps people from using the page: faint text, controls without a name, ids that are there twice, a page wider than the screen. */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const problems: string[] = [];
    const channels = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = (rgb: readonly number[]) => {
      const [r = 0, g = 0, b = 0] = rgb.map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = (element: Element): readonly number[] => {
      for (let at: Element | null = element; at !== null; at = at.parentElement) {
        const rgba = channels(getComputedStyle(at).backgroundColor);
        if ((rgba[3] ?? 1) > 0.99) return rgba.slice(0, 3);
      }
      return [255, 255, 255];
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (
        element === null ||
        (node.textContent ?? "").trim() === "" ||
        element.closest("svg, noscript, option") !== null
      )
        continue;
      if (!element.checkVisibility({ visibilityProperty: true }) || element.closest(":disabled") !== null) continue;
      const style = getComputedStyle(element);
      const [a, b] = [luminance(channels(style.color).slice(0, 3)), luminance(background(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const isLarge = Number.parseFloat(style.fontSize) >= 24;
      if (ratio < (isLarge ? 3 : 4.5))
        problems.push(`contrast ${ratio.toFixed(2)}: ${(node.textContent ?? "").slice(0, 40)}`);
    }
    const labelled = (element: Element) => {
      const labels =
        element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? [...(element.labels ?? [])] : [];
      const texts = [element.getAttribute("aria-label") ?? "", ...labels.map((label) => label.textContent)];
      return [...texts, element.matches("a, button") ? element.textContent : ""].some((text) => text.trim() !== "");
    };
    for (const element of document.querySelectorAll("a[href], button, input, select, progress, [role=img]"))
      if (element.closest("svg") === null || element.matches("svg")) {
        if (!labelled(element)) problems.push(`no name: ${element.outerHTML.slice(0, 80)}`);
      }
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    for (const id of new Set(ids.filter((one, i) => ids.indexOf(one) !== i))) problems.push(`id twice: ${id}`);
    if (document.documentElement.scrollWidth > window.innerWidth + 1) {
      const wide = [...document.querySelectorAll("main *")].filter(
        (e) => e.getBoundingClientRect().right > window.innerWidth + 1,
      );
      const names = wide.slice(0, 5).map((element) => element.outerHTML.slice(0, 60));
      problems.push(`wider than the screen, ${document.documentElement.scrollWidth}: ${names.join(" ")}`);
    }
    if (document.querySelectorAll("h1").length !== 1) problems.push("not one main heading");
    if (document.documentElement.lang === "") problems.push("no language");
    return problems;
  });
}

/** Nothing was blocked or thrown, and nobody but the server itself was asked. */
export function expectQuiet({ complaints, addresses }: WatchedPage, origin: string): void {
  expect(complaints).toEqual([]);
  expect(addresses.filter((address) => !address.startsWith(`${origin}/`) && !address.startsWith("data:"))).toEqual([]);
}
