/** One line of what the supervisor did; the fields are safe to print, they never hold a password. */
export type EmbeddedLog = (message: string, fields?: Readonly<Record<string, string | number>>) => void;
