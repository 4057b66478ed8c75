/** The route to a container of a Kubernetes pod, through `kubectl exec`. */
import type { PodAddress } from '../docker/address.ts';
import { kubectlFor, podFault, podPlace, requirePod } from '../docker/pod.ts';
import { CaiError, toCaiError } from '../errors.ts';
import { bootScript, nodeFlags } from './boot.ts';
import { cannotRunProgram } from './connect-errors.ts';
import type { Route, Tools } from './route.ts';
import type { TransportEnd } from './transport.ts';

/** Fails with NO_ENGINE, NO_HOST, NO_ACCESS or NO_CONTAINER. */
export async function podRoute(
  address: PodAddress,
  tools: Tools,
  signal: AbortSignal | undefined,
): Promise<Route> {
  const { kubectl: command = ['kubectl'], node = 'node' } = tools;
  const query = { command, address, signal };
  const info = await requirePod(query);
  const exec = ['exec', '--stdin', address.pod, '--container', info.container, '--'];
  // `env` is not everywhere, and kubectl has no option for the environment.
  return {
    transport: 'kubectl exec',
    command: [...kubectlFor(query), ...exec, node, ...nodeFlags, '-e', bootScript],
    place: async (root) => podPlace(info, address, root),
    explain: (thrown) => explainPod(thrown, address, command),
  };
}

function explainPod(thrown: unknown, address: PodAddress, command: readonly string[]): CaiError {
  const error = toCaiError(thrown);
  const { pod, path } = address;
  const exec = `${kubectlFor({ command, address }).join(' ')} exec ${pod} --`;
  const said = `In pod ${pod}: ${error.message}`;
  switch (error.code) {
    case 'LINK': {
      const end = error.cause as Partial<TransportEnd> | undefined;
      if (cannotRunProgram(error.message, end?.exitCode ?? null)) {
        return new CaiError('NO_NODE', `Pod ${pod} has no usable node: ${error.message}`, {
          next: 'Use an image with Node.js 18 or newer, or name its node with --node.',
          cause: error,
        });
      }
      if (/not ?found|forbidden|unauthorized|unable to connect|was refused/i.test(error.message))
        return podFault(error.message, { address, command });
      return error;
    }
    case 'ROOT':
      return new CaiError('ROOT', said, {
        path,
        next: `Run \`${exec} mkdir -p ${path}\`, or name another directory.`,
        cause: error,
      });
    case 'PERMISSION':
      return new CaiError('PERMISSION', said, {
        path,
        next: "Give the container's user access, for example with fsGroup in the pod's securityContext.",
        cause: error,
      });
    case 'TIMEOUT':
      return new CaiError('TIMEOUT', said, {
        next: `Look whether \`${exec} node --version\` answers.`,
        cause: error,
      });
    default:
      return error;
  }
}
