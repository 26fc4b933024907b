/** The connection to a queue of BullMQ on a Valkey or Redis server. Both packages are optional peers. */
import type * as bullmq from 'bullmq';
import type * as ioredis from 'ioredis';
import { digest as shortDigest } from '../../internal/digest.js';
import { errorIn, failure, thrownError } from '../../internal/errors.js';
import { absent, importPeer, isAbsent, reasonOf } from '../../internal/peer.js';
import { type Bits, showBits } from '../jobs/bits.js';
import { show } from '../../internal/decode.js';
import type { FilledOf } from '../../internal/schema.js';
import type { QueueAddress, queueAddress } from './address.js';

/** An address with its defaults. */
export type Address = FilledOf<typeof queueAddress>;

/** The packages that a queue needs. */
export interface Packages {
  readonly bullmq: typeof bullmq;
  readonly ioredis: typeof ioredis;
}

const packageOf = async <A>(where: string, name: string): Promise<A> => {
  try {
    return (await importPeer(name)) as A; // the package of this name
  } catch (thrown) {
    throw isAbsent(name, thrown)
      ? thrownError(absent(name, { where, hint: 'install it: npm install bullmq ioredis' }))
      : thrown;
  }
};

/** Loads the packages of a queue. Rejects with `BackendUnavailable` if one is not installed. */
export const packagesFor = async (where: string): Promise<Packages> => ({
  bullmq: await packageOf<typeof bullmq>(where, 'bullmq'),
  ioredis: await packageOf<typeof ioredis>(where, 'ioredis'),
});

/** The server without its password, for messages. */
export const serverOf = (text: string): string => {
  const { protocol, hostname, port } = new URL(text);
  return `${protocol}//${hostname}:${port || '6379'}`;
};

/** The reason if a server accepts a connection and does not answer. */
const SILENT = /^no answer/;

const CLIENT_CERTIFICATE = 'give tls: { cert, key }, the certificate of this client, as PEM, if the server wants one';

/** Reasons why a server cannot be used, and the advice for each. The first matching reason counts. */
const ADVICE: readonly (readonly [reason: RegExp, advice: string])[] = [
  [/NOAUTH|WRONGPASS|password/i, 'give the right password: redis://:password@host:port'],
  [/NOPERM/, 'give the user of the url all rights on the keys of the queue: ACL SETUSER name on ~noisefold:* &* +@all'],
  [/OOM/, 'give the server more memory (maxmemory), or the queue fewer and smaller jobs: ahead, size'],
  [/MISCONF|No space/i, 'free some space on the disk of the server'],
  [/READONLY/, 'give the url of the primary server: this one is a replica'],
  [/wrong version number|packet length too long/i, 'give redis://…: the server does not speak TLS at this port'],
  // a server that wants a certificate ends the connection
  [/certificate required|handshake failure/i, CLIENT_CERTIFICATE],
  [/certificate|self.signed|issuer|TLS|SSL|EPROTO/i, 'give tls: { ca }, the certificate of its authority, as PEM'],
  [/RESP|PING/, 'give the url of the server: another program answers at this port'],
];

/** The advice for a server that has not answered correctly before; undefined for other reasons. */
const adviceAtFirst = (reason: string, text: string): string | undefined => {
  const isTls = text.startsWith('rediss:');
  if (/ECONNRESET|EPIPE|closed/i.test(reason))
    return isTls ? CLIENT_CERTIFICATE : 'give rediss://… if the server speaks TLS at this port';
  if (!SILENT.test(reason)) return undefined;
  const other = isTls ? 'redis://… if it does not speak' : 'rediss://… if it speaks';
  return `look at the output of the server; give ${other} TLS at this port`;
};

/** The advice for a server that cannot be used. `isOpen` is true if it could be used before. */
const adviceFor = (reason: string, text: string, isOpen: boolean): string => {
  const known = ADVICE.find(([pattern]) => pattern.test(reason))?.[1];
  if (isOpen)
    return `${known ?? 'look at the output of the server, or start it again'}; then run it again: it goes on where it ended`;
  const start = `start one: valkey-server --port ${new URL(text).port || '6379'} --appendonly yes; or give the url of another`;
  return adviceAtFirst(reason, text) ?? known ?? start;
};

const optionsOf = ({ url: text, tls }: QueueAddress) => ({
  ...(tls === undefined ? {} : { tls }),
  ...(text.startsWith('rediss:') && tls === undefined ? { tls: {} } : {}),
  lazyConnect: true,
});

/** The names under which a queue stores data on the server. */
export interface QueueNames {
  readonly prefix: string;
  /** Jobs of equal bits share a queue, so that no other worker takes them. */
  readonly queue: string;
  /** The bits that the last program requires. */
  readonly bits: string;
  readonly result: (job: string) => string;
  readonly input: (digest: string) => string;
}

export const namesOf = (name: string, bits: Bits): QueueNames => ({
  prefix: name,
  queue: `jobs-${shortDigest(showBits(bits))}`,
  bits: `${name}:bits`,
  result: (job) => `${name}:result:${job}`,
  input: (digest) => `${name}:input:${digest}`,
});

/** An open connection. A lost one is made again, and commands wait for it. */
export type Client = ioredis.Redis;

/** The server of a queue. While the connection is open, the server must answer and write at regular times. */
export interface Server {
  readonly client: Client;
  /**
   * Returns the result of work on the server. Rejects with a typed error if the server refuses the work, or is lost
   * before the work ends.
   */
  readonly unlessLost: <A>(work: Promise<A>) => Promise<A>;
  /** Handles an error of another connection: a server that refuses its user counts as lost. */
  readonly note: (thrown: Error) => void;
  readonly isLost: () => boolean;
  /** Ends the connection. */
  readonly end: () => void;
}

/** The error of a command whose connection ended. The connection has the reason. */
const CLOSED = /Connection is closed/;

/** Tests for an error of the server: a refused command, or the end of the connection. */
const isOfServer = (thrown: unknown): boolean =>
  thrown instanceof Error && (thrown.name === 'ReplyError' || CLOSED.test(thrown.message));

/**
 * Turns of the timer in a second. The patience is counted in turns, not by the clock, because a worker may block its
 * event loop for longer than the patience.
 */
const TURNS = 10;

/** Seconds that the mark of {@link connected} stays on the server. */
const MARKED = 60;

/**
 * Connects to the server of a queue, and watches it. Rejects with `BackendUnavailable` if it is not there, does not answer in
 * time or refuses its user.
 */
export const connected = async (where: string, packages: Packages, address: Address): Promise<Server> => {
  const { url, name, patience } = address;
  // mutable: the state of the connection, the last reason, and the turns since the last answer
  let [isOpen, isLost, isAsked, reason, idle] = [false, false, false, '', 0];
  let lose = (_: Error): void => undefined;
  const lost = new Promise<never>((_, reject) => (lose = reject));
  lost.catch(() => undefined);
  const failed = (actual: string): Error =>
    thrownError(
      failure(isOpen ? 'BackendFailure' : 'BackendUnavailable', {
        where,
        expected: `a Valkey or Redis server at ${serverOf(url)}`,
        actual,
        hint: adviceFor(actual, url, isOpen),
      }),
    );
  const give = (actual: string): void => {
    isLost = true;
    lose(failed(actual));
  };

  const client = new packages.ioredis.Redis(url, {
    ...optionsOf(address),
    connectTimeout: 2000 * patience, // longer than the patience, which decides
    maxRetriesPerRequest: null, // workers of BullMQ require null
    retryStrategy: (times: number) => (isOpen ? Math.min(100 * times, 2000) : null),
  });
  client.on('error', (thrown: unknown) => (reason = reasonOf(thrown)));
  client.on('close', () => (reason ||= 'the connection was closed'));
  const ask = async (): Promise<void> => {
    const answer: string = await client.ping();
    if (answer !== 'PONG') throw new Error(`${show(answer)} to PING`);
    await client.set(`${name}:mark`, '', 'EX', MARKED); // a server may answer but fail to write
    [reason, idle] = ['', 0];
  };
  const between = Math.min(TURNS, Math.ceil((TURNS * patience) / 4));
  const timer = setInterval(() => {
    if (++idle >= TURNS * patience) give(`${reason ? `${reason},` : 'no answer'} for ${patience} s`);
    if (!isOpen || isAsked || idle % between !== 0) return;
    isAsked = true;
    void ask()
      .catch((thrown: unknown) => (reason = reasonOf(thrown)))
      .finally(() => (isAsked = false));
  }, 1000 / TURNS);

  const server: Server = {
    client,
    unlessLost: (work) =>
      Promise.race([
        work.catch((thrown: unknown) => {
          if (errorIn(thrown) !== null || !isOfServer(thrown)) throw thrown;
          throw failed(CLOSED.test(reasonOf(thrown)) && reason !== '' ? reason : reasonOf(thrown));
        }),
        lost,
      ]),
    note: (thrown) => {
      if (/NOPERM|NOAUTH|WRONGPASS/.test(thrown.message)) give(thrown.message);
    },
    isLost: () => isLost,
    end: () => {
      clearInterval(timer);
      if (client.status !== 'end') client.disconnect(); // `disconnect` would wait for another end
    },
  };
  try {
    await server.unlessLost(client.connect().then(ask));
  } catch (thrown) {
    server.end();
    throw errorIn(thrown) === null ? failed(reasonOf(thrown)) : thrown;
  }
  isOpen = true;
  return server;
};
