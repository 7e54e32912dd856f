import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createProgram } from "../src/cli/main.ts";
import { cli, temporaryFolder } from "./cli-runner.ts";

// Every example of a help text and of the documentation that names a spec of the project is a plan that holds.

const root = join(import.meta.dirname, "..");
const folder = temporaryFolder();

/** Lines of commands: those of the help texts, and those in blocks of the documentation. */
function examples(): readonly string[] {
  const helps = createProgram().commands.map((command) => {
    let text = "";
    command.configureOutput({ writeOut: (part) => (text += part) });
    command.outputHelp();
    return text;
  });
  const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const pages = ["README.md", ...docs.map((name) => join("docs", name))].map((name) =>
    readFileSync(join(root, name), "utf8"),
  );
  const lines = [...helps, ...pages].flatMap((text) => text.replaceAll(/\\\n\s*/g, "").split("\n"));
  const commands = lines.flatMap(
    (line) => /^\s*(?:\$ )?(?:npx )?sweepstake (.*?)(?:\s{2,}.*|\s+#.*|\s+>.*)?$/.exec(line)?.[1] ?? [],
  );
  return [...new Set(commands)];
}

/** Words of a shell command, quotes taken away. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

const withSpec = examples().filter((line) =>
  /^(run|plan|status|report|claims|best) \S*(examples|papers)\/\S+\.yaml/.test(line),
);

describe("examples that name a spec of the project", () => {
  it("are there", () => {
    expect(withSpec.length).toBeGreaterThan(3);
  });

  it.each(withSpec)("%s", async (line) => {
    const [, spec = "", ...rest] = words(line);
    const sets = rest.flatMap((word, i) => (word === "--set" ? ["--set", rest[i + 1] ?? ""] : []));
    const { code, stderr } = await cli(["plan", join(root, spec), ...sets, "--out", join(folder, "out")]);
    expect([line, code, code === 0 ? "" : stderr]).toEqual([line, 0, ""]);
  });
});
