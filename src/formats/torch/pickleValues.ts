/** The values that a pickle of Python describes, as inert records: none of them is called or made into an object. */
import { refuse } from '../bytes/refuse.js';

/** Bytes, which stay in the file: their position in the file, and their number. */
export interface PickledBytes {
  readonly _tag: 'Bytes';
  readonly at: number;
  readonly length: number;
}

export interface PickledList {
  readonly _tag: 'List';
  readonly items: Pickled[];
}

export interface PickledTuple {
  readonly _tag: 'Tuple';
  readonly items: readonly Pickled[];
}

export interface PickledSet {
  readonly _tag: 'Set';
  readonly items: Pickled[];
}

/** A dictionary, as its keys and values in order. `fieldsOf` refuses a key that comes twice. */
export interface PickledDict {
  readonly _tag: 'Dict';
  readonly entries: (readonly [key: Pickled, value: Pickled])[];
}

/** The name of a class or of a function: `collections.OrderedDict`. */
export interface PickledGlobal {
  readonly _tag: 'Global';
  readonly global: string;
}

/**
 * An object that Python would make by a call of `global` with `args`. The pickle may add its state, items (of a list)
 * and entries (of a dictionary).
 */
export interface Inert {
  readonly _tag: 'Inert';
  readonly global: string;
  readonly args: readonly Pickled[];
  /** Arguments by name: a dictionary, or null. */
  readonly named: Pickled;
  state: Pickled;
  readonly items: Pickled[];
  readonly entries: (readonly [key: Pickled, value: Pickled])[];
}

/** A value that is outside of the pickle and is known by an id, such as the storage of a tensor. */
export interface PersistentId {
  readonly _tag: 'PersistentId';
  readonly id: Pickled;
}

export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickledBytes
  | PickledList
  | PickledTuple
  | PickledSet
  | PickledDict
  | PickledGlobal
  | Inert
  | PersistentId;

/** A value that is a record. */
export type PickledRecord = Extract<Pickled, object>;

/** True for records of a kind. */
export const isPickled = <T extends PickledRecord['_tag']>(
  tag: T,
  value: Pickled | undefined,
): value is Extract<PickledRecord, { _tag: T }> => typeof value === 'object' && value !== null && value._tag === tag;

/** Describes a value in a few words, for messages. */
export const showPickled = (value: Pickled | undefined): string => {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value !== 'object') return String(value).slice(0, 60);
  if (value._tag === 'Inert' || value._tag === 'Global') return value.global;
  return `a ${value._tag}`;
};

/** The values of a dictionary by key. */
export type Fields = ReadonlyMap<Pickled, Pickled>;

/**
 * The keys and values of a dictionary, of an object that is a dictionary, or of a list of pairs. Empty for other
 * values.
 */
const entriesOf = (value: Pickled | undefined): PickledDict['entries'] => {
  if (isPickled('Dict', value) || isPickled('Inert', value)) return value.entries;
  if (!isPickled('List', value)) return [];
  return value.items.flatMap((pair): PickledDict['entries'] =>
    (isPickled('List', pair) || isPickled('Tuple', pair)) && pair.items.length === 2
      ? [[pair.items[0]!, pair.items[1]!]]
      : [],
  );
};

/**
 * The values of a dictionary, of an object that is a dictionary, or of a list of pairs, by key. Empty for other values.
 * Raises `DecodeError` for a repeated key.
 */
export const fieldsOf = (where: string, value: Pickled | undefined): Fields => {
  const fields = new Map<Pickled, Pickled>();
  for (const [key, field] of entriesOf(value)) {
    if (fields.has(key)) refuse(where, `one value of the key ${showPickled(key)}`, 'a second one');
    fields.set(key, field);
  }
  return fields;
};
