import type { DatasetFile } from './define.ts';

/**
 * What to do in the Qualys console so that a user may read these data sets and no more than it takes: steps in order, then
 * what each data set needs. Source: the role recipes of connectors' set-up pages, and each data set's permission. The
 * guide's page and `quarry check` have their text from here.
 */
export function permissionRecipe(wanted: readonly DatasetFile[]): readonly string[] {
  if (wanted.length === 0) return [];
  const [portal, classic] = [wanted.filter(isPortal), wanted.filter((facts) => !isPortal(facts))];
  const names = (some: readonly DatasetFile[]): string => some.map(({ name }) => name).join(', ');
  return [
    'Give Quarry a user of its own (Users > User Management > New): role Reader, or Manager where a data set below says so; allow access to API under User Role. A dedicated user keeps its limits and its log rows apart.',
    ...(classic.length === 0
      ? []
      : [
          `For ${names(classic)}: assign the asset groups or business unit whose data is wanted; a user sees no more than those.`,
        ]),
    ...(portal.length === 0
      ? []
      : [
          `For ${names(portal)}: in Administration > Role Management make a role (such as “Quarry read”) with API Access and the read permission of each module named below, none that writes.`,
          'Add that role to the user (Administration > User Management > Edit > Roles and Scopes); there choose “Allow user view access to all objects”, or tags for a part.',
        ]),
    ...wanted.map(({ name, permission }) => `${name}: ${permission.licence} ${permission.roles}`),
  ];
}

/** Whether a data set is read from QPS or the gateway, whose rights are roles of the Administration utility. */
function isPortal(facts: DatasetFile): boolean {
  const { path, server } = facts.records(facts.options.parse({}), { pageSize: 1 });
  return server === 'gateway' || path.startsWith('/qps/');
}
