/**
 * Text for a terminal. Names and messages can come from a hostile container (invariant 7): nothing
 * in them may move the cursor, change colours or reverse the direction of writing.
 */
import { displayPath } from '../tree/path.ts';

// C1 control characters, and what changes the direction of text or breaks lines.
const hazards = /[\u0080-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A path or message without anything that a terminal acts on. */
export function safe(text: string): string {
  return displayPath(text).replace(
    hazards,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
