import type { RunTask } from './run-task.js';

/** JSON text of a task, as the inbox keeps it. */
export const runTaskText = (task: RunTask): string => JSON.stringify(task);
/** What `runTaskText` wrote: nobody else writes to the inbox. */
export const readRunTask = (text: string): RunTask => JSON.parse(text) as RunTask;
