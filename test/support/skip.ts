/** Which skips are legitimate: those of describeNeeding, known by the reason in the name. */

/** The reason that describeNeeding put behind the name of what it skipped, or undefined. */
export function skipReason(fullName: string): string | undefined {
  return /\((needs \w+: .*?)\)(?: > |$)/.exec(fullName)?.[1];
}
