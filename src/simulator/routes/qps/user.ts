/** `/qps/rest/2.0/{search,count,get}/am/user` (reference, 10.1): never other managers, and the caller is one. */

import { ALL_TAGS } from '../../world/catalogue.ts';
import { type Person, peopleAt } from '../../world/people.ts';
import { hash } from '../../world/random.ts';
import type { RestCall } from '../rest.ts';
import type { QpsKind } from './object.ts';
import { listOf, type Tree } from './tree.ts';

const ROLE_IDS = 2_712_700;

const roleOf = ({ role }: Person): Tree => ({
  id: ROLE_IDS + (hash(role.length, role.charCodeAt(0)) % 97),
  name: role,
});

function* visible({ world, now }: RestCall, id: number): Generator<Person> {
  for (const person of peopleAt(world, now)) if (person.role !== 'Manager' && person.id >= id) yield person;
}

export const user: QpsKind<Person> = {
  name: '2.0/am/user',
  element: 'User',
  fields: {
    id: { kind: 'integer', of: ({ id }) => id },
    username: { kind: 'text', of: ({ login }) => login },
    roleName: { kind: 'text', of: ({ role }) => role },
  },
  from: visible,
  idOf: ({ id }) => id,
  tree: (_call, person) => ({
    id: person.id,
    username: person.login,
    firstName: person.firstName,
    lastName: person.lastName,
    emailAddress: person.email,
    title: person.title,
    scopeTags: listOf('TagData', person.id % 2 === 0 ? [{ id: ALL_TAGS[0]!.id, name: ALL_TAGS[0]!.name }] : []),
    roleList: listOf('RoleData', [roleOf(person)]),
  }),
};
