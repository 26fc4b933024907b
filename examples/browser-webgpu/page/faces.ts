/** The figure "Describe it": faces by their attributes, from one request to another, all from the same noise. */
import { type Attribute, attributes, type Attributes, IMAGE, namesOf } from '../../faces/attributes.js';
import type { Paint } from '../shared/messages.js';
import { type Event, LINK, type Moved, post } from './event.js';
import { type Film, withFrame } from './film.js';
import { type Download, downloaded, draws, unloaded } from './network.js';
import { normals } from './noising.js';
import { choicesOf } from './query.js';

/** The attributes that a face is asked to have; the others are left open. */
export type Request = Partial<Attributes>;

export const NAMES: readonly Attribute[] = namesOf(attributes);

/** The number of faces: the first, and one for each attribute that changes on the way to the last. */
export const COUNT = NAMES.length + 1;

/** The steps of DDIM, and the scale of guidance. */
export const [STEPS, SCALE] = [25, 1.5];

export const ENDS = ['face', 'other'] as const;
export type End = (typeof ENDS)[number];

export interface Faces extends Download {
  /** The requests at the ends of the row. */
  readonly face: Request;
  readonly other: Request;
  readonly seed: number;
  /** Null before the first request. */
  readonly film: Film | null;
  readonly nextId: number;
}

/** The training never shows long hair in blue. */
export const blank: Faces = {
  ...unloaded,
  face: {
    ...{ hair: 'long', hairColor: 'blue', skin: 'pale', mouth: 'happy', glasses: 'clear' },
    ...{ hat: 'none', beard: 'none', clothing: 'yellow', background: 'pink' },
  },
  other: {
    ...{ hair: 'curly', hairColor: 'orange', skin: 'tan', mouth: 'surprised', glasses: 'dark' },
    ...{ hat: 'none', beard: 'full', clothing: 'green', background: 'blue' },
  },
  seed: 1,
  film: null,
  nextId: 0,
};

/** The request of each face on the way: each takes one more attribute of the last one. */
export const way = ({ face, other }: Pick<Faces, End>): readonly Request[] =>
  Array.from({ length: COUNT }, (_, taken) =>
    Object.fromEntries(NAMES.map((name, i) => [name, (i < taken ? other : face)[name]])),
  );

/** The number of the value of an attribute. An open attribute has the number that follows those of its values. */
const numberOf = (request: Request, name: Attribute): number => {
  const values: readonly string[] = attributes[name];
  const value = request[name];
  return value === undefined ? values.length : values.indexOf(value);
};

/** A request as text: the number of the value of each attribute. */
export const textOf = (request: Request): string => NAMES.map((name) => numberOf(request, name)).join('');

/** Reads a request from its text; null if the text is not one. */
export const requestOf = (text: string): Request | null =>
  /^\d{9}$/.test(text) && NAMES.every((name, i) => Number(text[i]) <= attributes[name].length)
    ? Object.fromEntries(NAMES.map((name, i) => [name, attributes[name][Number(text[i])]]))
    : null;

/** Requests all faces of the way, if the network can draw. */
const asked = (state: Faces): Moved<Faces> => {
  if (!draws(state)) return [state, []];
  const { nextId: id, seed } = state;
  const requests = way(state);
  const x = Float32Array.from(normals(seed, IMAGE[0] * IMAGE[1] * IMAGE[2]));
  const request: Paint = {
    ...{ _tag: 'Paint', id, purpose: 'faces', part: 0, network: 'faces', solver: 'ddim', steps: STEPS },
    conditions: Object.fromEntries(NAMES.map((name) => [name, requests.map((one) => numberOf(one, name))])),
    ...{ guidance: SCALE, seed, known: null, from: { x, sigma: Infinity } },
  };
  const film: Film = { id, labels: [], learned: 0, of: STEPS, stills: [] };
  return [{ ...state, film, nextId: id + 1 }, [post(request)]];
};

/** The choices in a query. */
const choicesIn = (query: string): Partial<Faces> => {
  const { textOf: text, number } = choicesOf(query);
  const requests = ENDS.flatMap((end) => {
    const request = requestOf(text(end));
    return request === null ? [] : [[end, request] as const];
  });
  return { ...Object.fromEntries(requests), ...number('seed', 'faces', Number.isInteger) };
};

/** A request with another value of one attribute; null leaves it open. */
const choiceIn = (state: Faces, { end, name, value }: Extract<Event, { _tag: 'AttributeChosen' }>): Partial<Faces> => {
  const { [name]: _, ...others } = state[end];
  return { [end]: value === null ? others : { ...others, [name]: value } };
};

/** The choices for the hash of the URL; nothing if they are those of a first visit. */
export const facesQuery = ({ face, other, seed }: Pick<Faces, End | 'seed'>): string => {
  const query = (one: Pick<Faces, End | 'seed'>) =>
    `${ENDS.map((end) => `${end}=${textOf(one[end])}`).join('&')}&faces=${one.seed}`;
  const chosen = query({ face, other, seed });
  return chosen === query(blank) ? '' : chosen;
};

const download = downloaded({
  ...{ wanted: 'FacesWanted', loaded: 'FacesLoaded', failed: 'networkOfFaces', load: { _tag: 'LoadFaces' } },
});

/** The figure after an event. */
export const faced = (before: Faces, event: Event): Moved<Faces> => {
  const [state, effects] = download(before, event);
  switch (event._tag) {
    case 'FacesLoaded':
    case 'Begun': {
      const [next, requests] = draws(before) ? [state, []] : asked(state); // once it can draw
      return [next, [...effects, ...requests]];
    }
    case 'FacesPressed': {
      if (!draws(state)) return [state, []];
      const [next, requests] = asked({ ...state, seed: state.seed + 1 });
      return [next, [...requests, LINK]];
    }
    case 'AttributeChosen':
    case 'FacesSet': {
      const choices = event._tag === 'FacesSet' ? choicesIn(event.query) : choiceIn(state, event);
      const [next, requests] = asked({ ...state, ...choices });
      const same = facesQuery(next) === facesQuery(before);
      return same ? [before, []] : [next, [...requests, LINK]];
    }
    case 'Frame':
      return event.purpose === 'faces' && state.film !== null
        ? [{ ...state, film: withFrame(state.film, event) }, effects]
        : [state, effects];
    default:
      return [state, effects];
  }
};

/** The lines of noisefold that draw a face. */
export const codeOf = (request: Request): string =>
  [
    'const { data } = await nf.run(sample(network, {',
    `  solver: ddim(), grid: ${STEPS}, guidance: cfg(${SCALE}), key: key(1),`,
    '  conditions: {',
    ...NAMES.map((name) => `    ${name}: [${request[name] === undefined ? 'null' : `'${request[name]}'`}],`),
    '  },',
    '}))',
  ].join('\n');
