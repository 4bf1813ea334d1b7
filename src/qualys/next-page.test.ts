import { describe, expect, it } from 'vitest';
import { nextParams } from './next-page.ts';

const current = { action: 'list', truncation_limit: '1000', show_tags: '1', id_min: '1' };

describe('the parameters of the next page', () => {
  it('[fault 48] come from the query alone, whatever the address', () => {
    for (const base of [
      'https://qualysapi.p01.eng.sjc01.qualys.com/api/4.0/fo/asset/host/',
      'http://evil.example/',
      '/api/x/',
      '',
    ]) {
      expect(nextParams(`${base}?action=list&id_min=145359`, current)).toEqual({ ...current, id_min: '145359' });
    }
  });

  it('are merged over the current ones: changed, added, kept', () => {
    expect(nextParams('https://x/?truncation_limit=500&cloud_agent_activationkey=0&id_min=7', current)).toEqual({
      action: 'list',
      truncation_limit: '500',
      show_tags: '1',
      cloud_agent_activationkey: '0',
      id_min: '7',
    });
  });

  it('[fault 48] never change the action, the form of the answer, or who we are', () => {
    const url =
      'https://x/?action=delete&details=None&output_format=CSV&echo_request=1&username=u&password=p&token=t&QualysSession=s&id_min=9';
    expect(nextParams(url, current)).toEqual({ ...current, id_min: '9' });
  });

  it('are decoded once, spaces and entities of the CDATA around them included', () => {
    expect(nextParams('\n  https://x/?os_pattern=a%26b%20c&id_min=2\n', current)).toMatchObject({
      os_pattern: 'a&b c',
      id_min: '2',
    });
  });

  it('are absent where the URL says nothing', () => {
    expect(nextParams('https://x/', current)).toBeUndefined();
    expect(nextParams('https://x/?action=list', current)).toBeUndefined();
    expect(nextParams('', current)).toBeUndefined();
  });
});
