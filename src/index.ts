/** The package `signpost`: a server inside another program. `signpost/client` and `signpost/agent` are what most want. */
export { type App, startApp } from './app.ts';
export { type Config } from './config/schema.ts';
export { type ConfigSources, loadConfig } from './config/load.ts';
export { openLog } from './runtime/log.ts';
