/** Loader hooks for the modules of tfjs-core, which are written for bundlers: ESM in `.js`, imported without extensions. */
import type { LoadHook, ResolveHook } from 'node:module';

const OF_TFJS = '/@tensorflow/tfjs-core/dist/';

export const resolve: ResolveHook = async (specifier, context, next) => {
  if (!specifier.startsWith('.') || !context.parentURL?.includes(OF_TFJS)) return next(specifier, context);
  for (const end of ['', '.js', '/index.js'])
    try {
      const match = await next(specifier + end, context);
      if (match.url.endsWith('.js')) return match;
    } catch {
      // tries the next extension
    }
  return next(specifier, context);
};

export const load: LoadHook = (url, context, next) =>
  next(url, url.includes(OF_TFJS) && !url.includes('/tf-core.') ? { ...context, format: 'module' } : context);
