/** What a container of the agent image prints once it can be worked in; see image/start.ts. */
export const readyLine = 'cai: the container is ready';
