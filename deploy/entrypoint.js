#!/usr/bin/env node
/**
 * The way into Quarry inside its container: says where configuration and data are, unless the environment does, and goes
 * on as the command. In the place of a Devo collector (CONFIG_FILE is set) everything is under /devo-collector, as its
 * mounts are, and the state is where its configuration says.
 */
const { env } = process;
if (env.CONFIG_FILE && !env.QUARRY_CONFIG) {
  process.chdir(env.QUARRY_DEVO_ROOT ?? '/devo-collector');
} else {
  env.QUARRY_CONFIG ||= '/etc/quarry/quarry.yaml';
  env.QUARRY_DATA_DIR ||= '/var/lib/quarry';
}
await import('../bin/quarry.js');
