/** Errors on their way over a link: bounded, so that the other end takes them; clean, so that people can. */
import { CaiError, type ErrorJson, toCaiError } from '../errors.ts';
import { cleanText } from '../replica/clean.ts';

export function errorToSend(thrown: unknown): ErrorJson {
  return cleaned(toCaiError(thrown)).toJSON();
}

/** Texts of the far side reach terminals: they lose their control characters. */
export function receivedError(error: ErrorJson): CaiError {
  return cleaned(error);
}

function cleaned({ code, message, path, next }: ErrorJson | CaiError): CaiError {
  return new CaiError(code, cleanText(message), {
    ...(path === undefined ? {} : { path: cleanText(path) }),
    ...(next === undefined ? {} : { next: cleanText(next) }),
  });
}
