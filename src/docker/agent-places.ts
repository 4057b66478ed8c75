/** Where things are in a container of the agent image, and who owns them. One data model for all rooms. */

/** The user that works in the container. */
export const agentUser = { name: 'agent', uid: 1000, gid: 1000 } as const;
export const agentHome = '/home/agent';
/** Where the data volume is mounted. */
export const agentData = '/home/agent/.containai/data';
export const agentWorkspace = '/home/agent/workspace';
/** This program, inside the image. */
export const agentPrograms = '/opt/cai';
