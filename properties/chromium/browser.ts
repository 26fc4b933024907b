/** Chromium without a window, where this machine has it. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { notAsked } from '../asked.js';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Why a test has none, in a word for its name; empty where it has one. */
export const noChromium = notAsked || (existsSync(executablePath) ? '' : `there is no ${executablePath}`);

/** Nothing of the browser's own on the network. */
const quiet = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** WebGPU in software; without it Chromium without a GPU has no adapter. */
const software = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** Starts it, with an empty profile of its own. */
export const launch = ({ webgpu }: { readonly webgpu: boolean }): Promise<Browser> =>
  chromium.launch({ executablePath, headless: true, args: [...quiet, ...(webgpu ? software : [])] });
