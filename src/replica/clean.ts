/** Texts from the far side end up on terminals: what could steer one is taken out. Pure. */

// Control characters of both blocks, and the ones that turn the direction of writing.
const unsafe = /[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu;

export function cleanText(text: string, maxLength = 1000): string {
  const clean = text.replace(unsafe, ' ');
  return clean.length <= maxLength ? clean : `${clean.slice(0, maxLength)}…`;
}
