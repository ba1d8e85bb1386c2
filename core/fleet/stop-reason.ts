/** What the orchestrator is told when a task is stopped. It says so of the task later: whose doing the end was. */

export const stopReason = (text: string): string => `tidecast: ${text}`;
export const forceReason = (byWhom: string): string => `forced by ${byWhom}`;

/** As drain.ts says it of a task that had served and was empty. */
export const drained = 'drained: ';

/** It had done nothing wrong. */
export const isEndedOnPurpose = (stoppedReason: string | undefined): boolean =>
  stoppedReason !== undefined &&
  (stoppedReason.startsWith(stopReason(drained)) || stoppedReason.startsWith(forceReason('')));
