/** The input bytes of a job, and their SHA-256. */
export interface Input {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** A job as it is sent to a worker. */
export interface Order {
  /** The SHA-256 of the text: the name of the job. */
  readonly name: string;
  readonly text: string;
  readonly input?: Input;
}
