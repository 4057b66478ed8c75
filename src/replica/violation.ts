/** The error for a far side that sends what the protocol does not allow; it closes the link. */
import { CaiError } from '../errors.ts';

export function violation(what: string): CaiError {
  return new CaiError('PROTOCOL', `The far side sent ${what}.`, {
    next: 'The link is closed. If the container is trusted, this is a defect: please report it.',
  });
}
