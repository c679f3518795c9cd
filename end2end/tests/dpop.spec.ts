// SECURITY 56 to 59, seen from other people's code: proofs by the packages `dpop` and `jose` are
// taken, and what they are bound to is what `jose` reads. No page is opened.
import { expect, test as base } from '@playwright/test';
import { generateKeyPair, generateProof } from 'dpop';
import {
  SignJWT,
  calculateJwkThumbprint,
  createRemoteJWKSet,
  exportJWK,
  jwtVerify,
  type JWTPayload,
} from 'jose';
import { createHash, randomUUID } from 'node:crypto';

import { calledBack } from '../fixtures/program.ts';
import { LatchkeyServer } from '../fixtures/server.ts';

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;

interface Request {
  htu: string;
  htm: string;
  nonce: string | undefined;
  accessToken: string | undefined;
}

/** Two libraries that write proofs. */
const libraries: Record<string, (keys: Keys, request: Request) => Promise<string>> = {
  dpop: (keys, { htu, htm, nonce, accessToken }) =>
    generateProof(keys, htu, htm, nonce, accessToken),
  jose: async (keys, { htu, htm, nonce, accessToken }) => {
    const claims: JWTPayload = { jti: randomUUID(), htu, htm };
    if (nonce !== undefined) claims['nonce'] = nonce;
    if (accessToken !== undefined) {
      claims['ath'] = createHash('sha256').update(accessToken).digest('base64url');
    }
    const jwk = await exportJWK(keys.publicKey);
    return new SignJWT(claims)
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
      .setIssuedAt()
      .sign(keys.privateKey);
  },
};

interface Settings {
  binding: 'refresh' | 'full';
}

const test = base.extend<Settings & { server: LatchkeyServer }>({
  binding: ['refresh', { option: true }],
  server: async ({ binding }, use) => {
    const env = { LATCHKEY_TOKENS__BINDING: binding };
    const server = await LatchkeyServer.start({ demo: true, env }, []);
    await use(server);
    await server.remove();
  },
});

/** A client as RFC 9449 §8 has it: it learns the nonce from the answer that asks for it. */
class Client {
  nonce: string | undefined;
  /** `error` of every refused request. */
  refusals: string[] = [];

  constructor(
    readonly url: string,
    readonly keys: Keys,
    private readonly prove: (keys: Keys, request: Request) => Promise<string>,
  ) {}

  async token(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Tokens> {
    const htu = `${this.url}/auth/token`;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const request = { htu, htm: 'POST', nonce: this.nonce, accessToken: undefined };
      const dpop = await this.prove(this.keys, request);
      const body = new URLSearchParams(form);
      const answer = await fetch(htu, { method: 'POST', body, headers: { ...headers, dpop } });
      this.nonce = answer.headers.get('dpop-nonce') ?? this.nonce;
      if (answer.ok) return (await answer.json()) as Tokens;
      this.refusals.push(((await answer.json()) as { error: string }).error);
    }
    throw new Error(`refused: ${this.refusals.join(', ')}`);
  }

  async signIn(): Promise<Tokens> {
    const { cookie, parameters } = await calledBack(this.url, 'ada@example.com');
    const form = { ...Object.fromEntries(parameters), grant_type: 'authorization_code' };
    return this.token(form, { cookie });
  }

  refresh(refresh_token: string): Promise<Tokens> {
    return this.token({ grant_type: 'refresh_token', refresh_token });
  }

  /** `GET /api/me` with the scheme the token asks for. */
  async me({ access_token, token_type }: Tokens): Promise<Response> {
    const htu = `${this.url}/api/me`;
    const request = { htu, htm: 'GET', nonce: undefined, accessToken: access_token };
    const dpop = await this.prove(this.keys, request);
    return fetch(htu, { headers: { authorization: `${token_type} ${access_token}`, dpop } });
  }
}

interface Tokens {
  access_token: string;
  token_type: string;
  refresh_token: string;
  bound: boolean;
}

for (const [library, prove] of Object.entries(libraries)) {
  test(`57, 59: proofs by ${library} bind a session and refresh it`, async ({ server }) => {
    const client = new Client(server.url, await generateKeyPair('ES256'), prove);
    let tokens = await client.signIn();
    expect(client.refusals).toEqual(['use_dpop_nonce']);
    expect(tokens).toMatchObject({ bound: true, token_type: 'Bearer' });
    for (let times = 0; times < 3; times += 1) tokens = await client.refresh(tokens.refresh_token);
    expect(client.refusals).toHaveLength(1);
    expect((await client.me(tokens)).status).toBe(200);

    const thief = new Client(server.url, await generateKeyPair('ES256'), prove);
    await expect(thief.refresh(tokens.refresh_token)).rejects.toThrow('invalid_dpop_proof');
    await client.refresh(tokens.refresh_token);
  });

  test.describe('full', () => {
    test.use({ binding: 'full' });

    test(`58: proofs by ${library} open the API to a bound access token`, async ({ server }) => {
      const client = new Client(server.url, await generateKeyPair('ES256'), prove);
      const signedIn = await client.signIn();
      const tokens = await client.refresh(signedIn.refresh_token);
      for (const each of [signedIn, tokens]) {
        expect(each).toMatchObject({ bound: true, token_type: 'DPoP' });
        expect((await client.me(each)).status).toBe(200);
        expect((await client.me({ ...each, token_type: 'Bearer' })).status).toBe(401);
      }
      const jwks = createRemoteJWKSet(new URL(`${server.url}/.well-known/jwks.json`));
      const { payload } = await jwtVerify(tokens.access_token, jwks, {
        issuer: server.url,
        audience: `${server.url}/api`,
        typ: 'at+jwt',
        algorithms: ['ES256'],
      });
      const jkt = await calculateJwkThumbprint(await exportJWK(client.keys.publicKey));
      expect(payload['cnf']).toEqual({ jkt });
    });
  });
}
