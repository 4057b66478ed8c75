/** Who may talk to the server at all: by Host, Origin and token. Nothing of a refused request is read. */
import {
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
} from '@modelcontextprotocol/server';
import type { Token } from './token.ts';
import { isAuthorized } from './token.ts';

/** The refusal; undefined when the request may go on. */
export type Guard = (request: Request) => Response | undefined;

/** Host, Origin and token. */
export function createGuard(token: Token, hosts: readonly string[]): Guard {
  const address = addressGuard(hosts);
  return (request) => address(request) ?? tokenResponse(request, token);
}

/** `hosts`: names besides localhost under which the server is called, and pages of which may call it. */
export function addressGuard(hosts: readonly string[]): Guard {
  const allowedHosts = [...localhostAllowedHostnames(), ...hosts];
  const allowedOrigins = [...localhostAllowedOrigins(), ...hosts];
  return (request) =>
    hostHeaderValidationResponse(request, allowedHosts) ??
    originValidationResponse(request, allowedOrigins);
}

function tokenResponse(request: Request, token: Token): Response | undefined {
  const header = request.headers.get('authorization');
  if (isAuthorized(header, token)) return undefined;
  const message = header === null ? 'A bearer token is required.' : 'The bearer token is wrong.';
  return Response.json(
    { error: 'invalid_token', error_description: message },
    {
      status: 401,
      headers: {
        'WWW-Authenticate': `Bearer error="invalid_token", error_description="${message}"`,
      },
    },
  );
}
