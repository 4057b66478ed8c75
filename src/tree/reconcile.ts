/** Placeholder until the reconcile room is built. */
export {};
