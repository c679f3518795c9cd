// SECURITY 57 to 59 with independent libraries: the server accepts proofs created by the packages
// `dpop` and `jose`, and `jose` verifies the binding of tokens. No page is opened.
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

import { signInAtDemoProvider } from '../fixtures/http-client.ts';
import { LatchkeyServer } from '../fixtures/server.ts';

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;

interface ProofClaims {
  htu: string;
  htm: string;
  nonce: string | undefined;
  accessToken: string | undefined;
}

/** Creates a DPoP proof. */
type Prove = (keys: Keys, claims: ProofClaims) => Promise<string>;

/** Two libraries that create proofs. */
const libraries: Record<string, Prove> = {
  dpop: (keys, { htu, htm, nonce, accessToken }) =>
    generateProof(keys, htu, htm, nonce, accessToken),
  jose: async (keys, { htu, htm, nonce, accessToken }) => {
    const payload: JWTPayload = { jti: randomUUID(), htu, htm };
    if (nonce !== undefined) payload['nonce'] = nonce;
    if (accessToken !== undefined) {
      payload['ath'] = createHash('sha256').update(accessToken).digest('base64url');
    }
    const jwk = await exportJWK(keys.publicKey);
    return new SignJWT(payload)
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
      .setIssuedAt()
      .sign(keys.privateKey);
  },
};

interface Options {
  binding: 'refresh' | 'full';
}

const test = base.extend<Options & { server: LatchkeyServer }>({
  binding: ['refresh', { option: true }],
  server: async ({ binding }, use) => {
    const env = { LATCHKEY_TOKENS__BINDING: binding };
    const server = await LatchkeyServer.start({ demo: true, env }, []);
    await use(server);
    await server.remove();
  },
});

/** A client as in RFC 9449 §8: it gets the nonce from the response that refuses a proof without one. */
class Client {
  nonce: string | undefined;
  /** The `error` of every refused request. */
  refusals: string[] = [];

  constructor(
    readonly url: string,
    readonly keys: Keys,
    private readonly prove: Prove,
  ) {}

  async token(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Tokens> {
    const htu = `${this.url}/auth/token`;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const claims = { htu, htm: 'POST', nonce: this.nonce, accessToken: undefined };
      const dpop = await this.prove(this.keys, claims);
      const body = new URLSearchParams(form);
      const response = await fetch(htu, { method: 'POST', body, headers: { ...headers, dpop } });
      this.nonce = response.headers.get('dpop-nonce') ?? this.nonce;
      if (response.ok) return (await response.json()) as Tokens;
      this.refusals.push(((await response.json()) as { error: string }).error);
    }
    throw new Error(`refused: ${this.refusals.join(', ')}`);
  }

  async signIn(): Promise<Tokens> {
    const { cookie, parameters } = await signInAtDemoProvider(this.url, 'ada@example.com');
    const form = { ...Object.fromEntries(parameters), grant_type: 'authorization_code' };
    return this.token(form, { cookie });
  }

  refresh(refresh_token: string): Promise<Tokens> {
    return this.token({ grant_type: 'refresh_token', refresh_token });
  }

  /** Sends `GET /api/me` with the scheme of the token. */
  async me({ access_token, token_type }: Tokens): Promise<Response> {
    const htu = `${this.url}/api/me`;
    const claims = { htu, htm: 'GET', nonce: undefined, accessToken: access_token };
    const dpop = await this.prove(this.keys, claims);
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
  test(`57, 59: proofs from ${library} bind a session and refresh it`, async ({ server }) => {
    const client = new Client(server.url, await generateKeyPair('ES256'), prove);
    let tokens = await client.signIn();
    expect(client.refusals).toEqual(['use_dpop_nonce']);
    expect(tokens).toMatchObject({ bound: true, token_type: 'Bearer' });
    for (let count = 0; count < 3; count += 1) tokens = await client.refresh(tokens.refresh_token);
    expect(client.refusals).toHaveLength(1);
    expect((await client.me(tokens)).status).toBe(200);

    const thief = new Client(server.url, await generateKeyPair('ES256'), prove);
    await expect(thief.refresh(tokens.refresh_token)).rejects.toThrow('invalid_dpop_proof');
    await client.refresh(tokens.refresh_token);
  });

  test.describe('with `binding = "full"`', () => {
    test.use({ binding: 'full' });

    test(`58: proofs from ${library} authorize requests with a bound access token`, async ({ server }) => {
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
