/** Headless browsers, if this machine has them. */
import { existsSync } from 'node:fs';
import { type Browser, chromium as chromiumDriver, firefox as firefoxDriver } from 'playwright-core';
import { notAsked } from '../asked.js';

/** A browser that tests can run in. */
export interface Kind {
  readonly name: string;
  /** The reason why it is missing, for the names of tests; empty if it is present. */
  readonly missing: string;
  /** Starts it with a new, empty profile. */
  readonly launch: () => Promise<Browser>;
}

const missing = (path: string): string => notAsked || (existsSync(path) ? '' : `there is no ${path}`);

/**
 * Chromium's headless shell is the same engine without the window: a short visit of the page takes two thirds of the CPU time.
 * `$CHROMIUM` is for the whole browser, in which `.ci/run` tests one file of the page and the bundled package.
 */
const SHELL = '/usr/bin/chromium-headless-shell';

const chromiumPath = process.env['CHROMIUM'] ?? (existsSync(SHELL) ? SHELL : '/usr/bin/chromium');

/**
 * Features that are off: those that the driver turns off, whose list this one replaces; and the popup of the address bar, which
 * loads in each new window, and takes as long as the page of the demo; and the process for a next page.
 */
const OFF = [
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'SpareRendererForSitePerProcess',
  'ThirdPartyStoragePartitioning',
  'WebUIOmniboxAimPopup',
];

/** Flags that disable what the browser does by itself: network access and user interface. */
const quiet = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--disable-features=${OFF.join()}`,
];

const chromiumWith = (flags: readonly string[]): Kind => ({
  name: 'Chromium',
  missing: missing(chromiumPath),
  launch: () => chromiumDriver.launch({ executablePath: chromiumPath, headless: true, args: [...quiet, ...flags] }),
});

/** Without a GPU it has no adapter of WebGPU. */
export const chromium: Kind = chromiumWith([]);

/** Chromium with WebGPU in software. */
export const chromiumWithWebgpu: Kind = chromiumWith(['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']);

const firefoxPath = process.env['FIREFOX'] ?? '/usr/bin/firefox-esr';

/** The members of the driver's browser through which it sends commands of WebDriver BiDi. */
interface Driven {
  readonly _connection: {
    readonly toImpl: (browser: Browser) => {
      readonly _browserSession: { send: (command: string, params: unknown) => Promise<unknown> };
    };
  };
}

/** A command by which the driver prepares each page. Firefox 153 does not know it, and no test needs it. */
const UNKNOWN = 'emulation.setMediaFeaturesOverride';

/** Answers the unknown command in place of Firefox. */
const answerUnknown = (browser: Browser): Browser => {
  // the driver has no public way to leave out a command
  const session = (browser as Browser & Driven)._connection.toImpl(browser)._browserSession;
  const send = session.send.bind(session);
  session.send = (command, params) => (command === UNKNOWN ? Promise.resolve({}) : send(command, params));
  return browser;
};

const firefoxWith = (name: string, firefoxUserPrefs: Readonly<Record<string, boolean>>): Kind => ({
  name,
  missing: missing(firefoxPath),
  launch: async () =>
    answerUnknown(
      await firefoxDriver.launch({
        channel: 'moz-firefox', // WebDriver BiDi; without it the driver needs a patched Firefox
        executablePath: firefoxPath,
        headless: true,
        firefoxUserPrefs,
      }),
    ),
});

export const firefox: Kind = firefoxWith('Firefox', {});

/** Firefox as an engine that refuses code with relaxed SIMD. */
export const firefoxWithoutRelaxedSimd: Kind = firefoxWith('Firefox without relaxed SIMD', {
  'javascript.options.wasm_relaxed_simd': false,
});

export const browsers: readonly Kind[] = [chromium, firefox];
