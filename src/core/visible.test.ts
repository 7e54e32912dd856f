import { expect, test } from "vitest";
import { visible } from "./visible.ts";

test("what moves the cursor, breaks a line or turns text around is shown, everything else stays", () => {
  expect(visible("\u001b[2J\u0007a\nb\rc\u0085d\u2028e\u202ef\u2066g\u200fh")).toBe(
    "\\u{1b}[2J\\u{7}a\\u{a}b\\u{d}c\\u{85}d\\u{2028}e\\u{202e}f\\u{2066}g\\u{200f}h",
  );
  const plain = "R_0.2(θ0, θT) − null: 50 % ± 3 → ‖W‖ größer 図 🙂";
  expect(visible(plain)).toBe(plain);
});
