/** Headless Chromium, if this machine has it. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { notAsked } from '../asked.js';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** The reason why Chromium is missing, for tests; empty if it is present. */
export const noChromium = notAsked || (existsSync(executablePath) ? '' : `there is no ${executablePath}`);

/** Flags that disable network access by the browser itself. */
const quiet = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** WebGPU in software; without it Chromium without a GPU has no adapter. */
const software = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** Starts it with a new, empty profile. */
export const launch = ({ webgpu }: { readonly webgpu: boolean }): Promise<Browser> =>
  chromium.launch({ executablePath, headless: true, args: [...quiet, ...(webgpu ? software : [])] });
