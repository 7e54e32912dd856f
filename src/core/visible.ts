/**
 * Text of a file or a spec for a terminal and a drawing: control characters (C0, C1), line and paragraph separators, and characters that turn
 * the direction of text around are shown as `\u{…}`. As they are, they could clear the screen, forge a row or hide one.
 */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
