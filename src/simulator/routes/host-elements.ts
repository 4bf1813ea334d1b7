/** Elements both host lists have in common. Order and names after the DTD (reference, sections 3 and 4). */
import { type Host, tagsOf } from '../world/host.ts';
import { stamp } from '../world/time.ts';
import type { HostScan } from '../world/world.ts';
import { cdata, cdataElement, element } from '../xml.ts';
import type { Call } from './route.ts';

export const I = '        ';

export function dnsElements(host: Host): string {
  if (host.hostname === undefined) return '';
  return (
    cdataElement(I, 'DNS', host.fqdn, host.padded) +
    `${I}<DNS_DATA>\n` +
    cdataElement(`${I}  `, 'HOSTNAME', host.hostname) +
    // Some names have no domain that Qualys could tell: an empty element, not an absent one.
    (host.padded ? `${I}  <DOMAIN />\n` : cdataElement(`${I}  `, 'DOMAIN', host.domain)) +
    cdataElement(`${I}  `, 'FQDN', host.fqdn) +
    `${I}</DNS_DATA>\n`
  );
}

export function cloudElements(host: Host): string {
  const { cloud } = host;
  if (cloud === undefined) return '';
  return (
    element(I, 'CLOUD_PROVIDER', cloud.provider) +
    element(I, 'CLOUD_SERVICE', cloud.service) +
    cdataElement(I, 'CLOUD_RESOURCE_ID', cloud.resourceId) +
    (cloud.element === 'EC2' ? cdataElement(I, 'EC2_INSTANCE_ID', cloud.resourceId) : '')
  );
}

export function tagElements(call: Call, host: Host): string {
  if (call.params.get('show_tags') !== '1') return '';
  const tags = tagsOf(call.world.seed, host, call.now);
  if (tags.length === 0) return host.padded ? `${I}<TAGS />\n` : '';
  let text = `${I}<TAGS>\n`;
  for (const tag of tags) {
    text += `${I}  <TAG>\n${I}    <TAG_ID>${cdata(String(tag.id))}</TAG_ID>\n${I}    <NAME>${cdata(tag.name)}</NAME>\n${I}  </TAG>\n`;
  }
  return `${text}${I}</TAGS>\n`;
}

const PROVIDER_OF = { ec2: 'EC2', azure: 'AZURE', google: 'GOOGLE' } as const;

export function metadataElements(call: Call, host: Host, scan: HostScan): string {
  const wanted = call.params.get('host_metadata');
  const { cloud } = host;
  if (wanted === undefined || cloud === undefined) return '';
  if (wanted !== 'all' && PROVIDER_OF[wanted as keyof typeof PROVIDER_OF] !== cloud.element) return '';
  const fields = call.params.get('host_metadata_fields')?.split(',');
  let text = '';
  for (const { name, value, error } of cloud.attributes) {
    if (fields !== undefined && !fields.some((field) => name.endsWith(field.trim()))) continue;
    const failed = error !== undefined;
    text +=
      `${I}    <ATTRIBUTE>\n${I}      <NAME>${name}</NAME>\n${I}      <LAST_STATUS>${failed ? 'Fail' : 'Success'}</LAST_STATUS>\n` +
      `${I}      <VALUE>${cdata(value)}</VALUE>\n` +
      `${I}      <LAST_SUCCESS_DATE>${failed ? '' : stamp(scan.scanned)}</LAST_SUCCESS_DATE>\n` +
      `${I}      <LAST_ERROR_DATE>${failed ? stamp(scan.scanned) : ''}</LAST_ERROR_DATE>\n` +
      `${I}      <LAST_ERROR>${cdata(error ?? '')}</LAST_ERROR>\n${I}    </ATTRIBUTE>\n`;
  }
  return `${I}<METADATA>\n${I}  <${cloud.element}>\n${text}${I}  </${cloud.element}>\n${I}</METADATA>\n`;
}

export function cloudTagElements(call: Call, host: Host, scan: HostScan): string {
  const { cloud } = host;
  if (call.params.get('show_cloud_tags') !== '1' || cloud === undefined || cloud.tags.length === 0) return '';
  const fields = call.params.get('cloud_tag_fields')?.split(',');
  let text = '';
  for (const tag of cloud.tags) {
    if (fields !== undefined && !fields.includes(tag.name)) continue;
    text += `${I}  <CLOUD_TAG>\n${I}    <NAME>${cdata(tag.name)}</NAME>\n${I}    <VALUE>${cdata(tag.value)}</VALUE>\n${I}    <LAST_SUCCESS_DATE>${stamp(scan.scanned)}</LAST_SUCCESS_DATE>\n${I}  </CLOUD_TAG>\n`;
  }
  return text === '' ? '' : `${I}<CLOUD_PROVIDER_TAGS>\n${text}${I}</CLOUD_PROVIDER_TAGS>\n`;
}

/** LAST_VM_SCANNED_* and their authenticated twins. */
export function scanElements(host: Host, scan: HostScan): string {
  const seconds = 60 + (host.life.seed % 1900);
  return (
    element(I, 'LAST_VM_SCANNED_DATE', stamp(scan.scanned)) +
    element(I, 'LAST_VM_SCANNED_DURATION', seconds) +
    (host.authenticated
      ? element(I, 'LAST_VM_AUTH_SCANNED_DATE', stamp(scan.scanned)) +
        element(I, 'LAST_VM_AUTH_SCANNED_DURATION', seconds)
      : '')
  );
}

/** Bands 1-39, 40-69, 70-89, 90-100. */
export function qdsSeverity(qds: number): 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL' {
  return qds >= 90 ? 'CRITICAL' : qds >= 70 ? 'HIGH' : qds >= 40 ? 'MEDIUM' : 'LOW';
}
