/** A job on its way to a worker. */
export interface Order {
  /** The SHA-256 of the text: the name of the job. */
  readonly name: string;
  readonly text: string;
  /** The bytes that the job needs beside itself. */
  readonly input?: Uint8Array;
}
