/** Notices of the page, with actions. */
import type { Failure } from '../shared/messages.js';
import type { Event, Opened } from './event.js';
import { fileName } from './learning.js';

export interface Action {
  readonly label: string;
  readonly event: Event;
}

export interface Notice {
  /** The subject. The page shows the latest notice on each subject. */
  readonly about: string;
  readonly tone: 'note' | 'warning' | 'error';
  readonly title: string;
  readonly text: string;
  /** The message of the library. The page shows it in closed details. */
  readonly details?: string;
  readonly actions: readonly Action[];
}

export type Notices = readonly Notice[];

/** Adds a notice. An equal one stays in its place, so that screen readers do not repeat it. */
const put = (notices: Notices, notice: Notice): Notices =>
  notices.some(
    ({ about, title, text, details }) =>
      about === notice.about && title === notice.title && text === notice.text && details === notice.details,
  )
    ? notices
    : [...notices.filter(({ about }) => about !== notice.about), notice];

const without = (notices: Notices, ...gone: readonly string[]): Notices =>
  notices.filter(({ about }) => !gone.includes(about));

const titles: Readonly<Record<Failure['doing'], string>> = {
  start: 'The network could not be set up',
  digits: 'The digits could not be loaded',
  network: 'The network could not be loaded',
  train: 'The training stopped',
  drawing: 'The digits could not be drawn',
  repair: 'The digit could not be repaired',
  removal: 'The noise could not be removed',
  guidance: 'The digits could not be drawn',
  morph: 'The digits could not be joined',
  networkOfFaces: 'The network of faces could not be loaded',
  faces: 'The faces could not be drawn',
  open: 'This file cannot be opened; the training is unchanged',
  save: 'The checkpoint could not be created',
  keep: 'This browser does not save the training',
  digit: 'There is no digit to repair',
  plane: 'The network of the plane stopped',
};

/** The advice after a failure. */
const meanings: Readonly<Partial<Record<Failure['doing'], string>>> = {
  start: 'Reload the page, or try again.',
  digits: 'Check the connection, and try again.',
  network: 'Check the connection, and try again.',
  networkOfFaces: 'Check the connection, and try again.',
  train: 'The network is as it was before this update.',
  open: 'It is no checkpoint of this page or of the demo, it is damaged, or its network is another one.',
  save: 'The training is unchanged.',
  keep: 'Closing this tab loses its training unless you save it.',
  digit: 'Draw some digits, and press one to repair it.',
};

const resume: Action = { label: 'Resume', event: { _tag: 'TrainPressed' } };
const saveFile: Action = { label: 'Save a file', event: { _tag: 'SavePressed' } };

/** For a URL that asks for WebGPU on a machine without it. */
const onProcessor = (opened: Opened): Action => ({
  label: 'Use the CPU',
  event: { ...opened, settings: { ...opened.settings, backend: 'wasm' } },
});

/** The actions after a failure. */
const wayOn = (doing: Failure['doing'], opened: Opened): Notice['actions'] => {
  switch (doing) {
    case 'start':
      return [
        { label: 'Try again', event: opened },
        ...(opened.settings.backend === 'webgpu' ? [onProcessor(opened)] : []),
      ];
    case 'digits':
      return [{ label: 'Try again', event: { _tag: 'DigitsWanted' } }];
    case 'network':
      return [{ label: 'Try again', event: { _tag: 'NetworkWanted' } }];
    case 'networkOfFaces':
      return [{ label: 'Try again', event: { _tag: 'FacesWanted' } }];
    case 'train':
      return [resume];
    case 'drawing':
      return [{ label: 'Draw again', event: { _tag: 'DrawPressed' } }];
    case 'faces':
      return [{ label: 'Draw again', event: { _tag: 'FacesPressed' } }];
    case 'repair':
      return [{ label: 'Repair again', event: { _tag: 'FillPressed' } }];
    case 'plane':
      return [{ label: 'Try again', event: { _tag: 'PlaneTrainPressed' } }];
    case 'keep':
      return [saveFile];
    default:
      return [];
  }
};

/** The notices after an event; `opened` is the first event of the page. */
export const noticed = (notices: Notices, event: Event, opened: Opened): Notices => {
  const { seed } = opened.settings;
  switch (event._tag) {
    case 'DigitsWanted':
    case 'DigitsLoaded':
      return without(notices, 'digits');
    case 'NetworkWanted':
      return without(notices, 'network');
    case 'FacesWanted':
      return without(notices, 'networkOfFaces');
    case 'Begun':
      switch (event.from) {
        case 'noise':
          return without(notices, 'training', 'anew', 'open', 'start');
        case 'kept':
          return put(without(notices, 'start'), {
            about: 'training',
            tone: 'note',
            title: 'Welcome back',
            text: [
              `This browser saved your training: it resumes after update ${event.step}`,
              ...(seed === null ? [] : [`, with its own seed; a new one starts with seed ${seed}`]),
              '.',
            ].join(''),
            actions: [{ label: 'Start over', event: { _tag: 'AnewPressed' } }],
          });
        case 'file':
          return put(without(notices, 'anew', 'open', 'start'), {
            about: 'training',
            tone: 'note',
            title: 'Checkpoint opened',
            text: `The network is as it was after update ${event.step}.`,
            actions: [resume],
          });
        case 'lost':
          return put(notices, {
            about: 'training',
            tone: 'warning',
            title: 'The GPU was lost',
            text: `The training returned to its last copy, after update ${event.step}, and repeats the later ones.`,
            actions: [resume],
          });
      }
    case 'NetworkLoaded':
      return event.name === null
        ? notices
        : put(without(notices, 'open'), {
            about: 'drawn',
            tone: 'note',
            title: 'Network opened',
            text: `This page draws with the network of ${event.name} until you reload it. Its training does not go on here.`,
            actions: [],
          });
    case 'Replaced': {
      const { step, bytes } = event;
      return put(notices, {
        about: 'anew',
        tone: 'note',
        title: 'Started over',
        text: `You can restore the previous training (${step} updates) until you close this message.`,
        actions: [
          { label: 'Undo', event: { _tag: 'FileGiven', name: fileName(step), bytes } },
          { label: 'Save the previous one', event: { _tag: 'Saved', step, bytes } },
        ],
      });
    }
    case 'KeptElsewhere':
      return put(notices, {
        about: 'keep',
        tone: 'note',
        title: 'Another tab saves its training in this browser',
        text: 'Closing this tab loses its training unless you save it.',
        actions: [saveFile],
      });
    case 'Lost':
      return put(notices, {
        about: 'training',
        tone: 'warning',
        title: 'The GPU was lost',
        text: `It was lost at update ${event.step}. Looking for another one…`,
        actions: [],
      });
    case 'NonFinite':
      return put(notices, {
        about: 'step',
        tone: 'warning',
        title: 'An update was skipped',
        text: `The loss of update ${event.step} is not a finite number. The network is unchanged.`,
        actions: [],
      });
    case 'Failed':
      return put(notices, {
        about: event.doing,
        tone: 'error',
        title: titles[event.doing],
        text: meanings[event.doing] ?? 'The rest of the page works.',
        details: event.message,
        actions: wayOn(event.doing, opened),
      });
    case 'Crashed':
      return put(without(notices, 'drawn'), {
        about: 'start',
        tone: 'error',
        title: 'The worker of this page stopped',
        text: 'The training resumes from the saved copy.',
        details: event.message,
        actions: [{ label: 'Restart', event: opened }],
      });
    case 'Complained':
      return put(notices, {
        about: event.title,
        tone: 'error',
        title: event.title,
        text: event.message,
        actions: [],
      });
    case 'Opened':
      return without(notices, 'start', 'digits');
    case 'TrainPressed':
      return without(notices, 'training', 'train');
    case 'FileGiven':
      return without(notices, 'open');
    case 'DrawPressed':
      return without(notices, 'drawing');
    case 'FillPressed':
      return without(notices, 'repair');
    case 'FacesPressed':
    case 'AttributeChosen':
    case 'FacesSet':
      return without(notices, 'faces');
    case 'PlaneTrainPressed':
      return without(notices, 'plane');
    case 'NoticeClosed':
      return without(notices, event.about);
    default:
      return notices;
  }
};
