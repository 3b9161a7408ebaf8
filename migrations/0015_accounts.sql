-- additive
-- A fourth door, as narrow as the others: people, their sessions, and who belongs to which merchant.
DO $$
BEGIN
  BEGIN
    CREATE ROLE hub_account NOLOGIN NOINHERIT;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- roles belong to the cluster, databases share them
  END;
  IF current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE 'GRANT hub_account TO CURRENT_USER WITH INHERIT FALSE, SET TRUE';
  ELSIF NOT pg_has_role(current_user, 'hub_account', 'MEMBER') THEN
    GRANT hub_account TO CURRENT_USER;
  END IF;
END $$;
--> statement-breakpoint
CREATE TABLE "invitation" (
	"merchant_id" uuid NOT NULL,
	"invitation_id" uuid NOT NULL,
	"token_sha256" "bytea" NOT NULL,
	"email" text NOT NULL,
	"role" text NOT NULL,
	"sees_persons" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	CONSTRAINT "invitation_merchant_id_invitation_id_pk" PRIMARY KEY("merchant_id","invitation_id"),
	CONSTRAINT "invitation_token" UNIQUE("token_sha256"),
	CONSTRAINT "invitation_role" CHECK (role in ('owner', 'manager', 'operator', 'viewer', 'partner'))
);
--> statement-breakpoint
CREATE TABLE "membership" (
	"merchant_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role" text NOT NULL,
	"sees_persons" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "membership_merchant_id_user_id_pk" PRIMARY KEY("merchant_id","user_id"),
	CONSTRAINT "membership_role" CHECK (role in ('owner', 'manager', 'operator', 'viewer', 'partner'))
);
--> statement-breakpoint
CREATE TABLE "recovery_code" (
	"user_id" uuid NOT NULL,
	"code_sha256" "bytea" NOT NULL,
	CONSTRAINT "recovery_code_user_id_code_sha256_pk" PRIMARY KEY("user_id","code_sha256")
);
--> statement-breakpoint
CREATE TABLE "session" (
	"session_id" uuid PRIMARY KEY NOT NULL,
	"token_sha256" "bytea" NOT NULL,
	"user_id" uuid NOT NULL,
	"merchant_id" uuid,
	"client" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone NOT NULL,
	"verified_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	CONSTRAINT "session_token" UNIQUE("token_sha256")
);
--> statement-breakpoint
CREATE TABLE "sign_in_step" (
	"token_sha256" "bytea" PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"ends_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sign_in_throttle" (
	"key_hmac" "bytea" PRIMARY KEY NOT NULL,
	"failures" integer NOT NULL,
	"counted_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "user_account" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"password_hash" text NOT NULL,
	"totp_secret" text,
	"totp_since" timestamp with time zone,
	"totp_step" bigint,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "user_email" UNIQUE("email")
);
--> statement-breakpoint
CREATE INDEX "membership_of_user" ON "membership" USING btree ("user_id");
--> statement-breakpoint
CREATE INDEX "session_of_user" ON "session" USING btree ("user_id");
--> statement-breakpoint
CREATE INDEX "sign_in_throttle_age" ON "sign_in_throttle" USING btree ("counted_at");
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO hub_account;
--> statement-breakpoint
-- People and their sessions are of no merchant: this door alone knows of them. Who belongs to which merchant can be read of all,
-- since who somebody is comes before where they belong; written is only what is of the merchant that the transaction names.
DO $$
DECLARE
  t text;
  own text := '(merchant_id = (select nullif(current_setting(''hub.merchant_id'', true), '''')::uuid))';
BEGIN
  FOREACH t IN ARRAY ARRAY['user_account', 'recovery_code', 'session', 'sign_in_step', 'sign_in_throttle', 'membership', 'invitation'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO hub_account', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['user_account', 'recovery_code', 'session', 'sign_in_step', 'sign_in_throttle'] LOOP
    EXECUTE format('CREATE POLICY account ON %I TO hub_account USING (true) WITH CHECK (true)', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['membership', 'invitation', 'merchant'] LOOP
    EXECUTE format('CREATE POLICY account_see ON %I FOR SELECT TO hub_account USING (true)', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['membership', 'invitation', 'merchant', 'api_key', 'audit_entry'] LOOP
    EXECUTE format('CREATE POLICY account ON %I TO hub_account USING %s WITH CHECK %s', t, own, own);
  END LOOP;
END $$;
--> statement-breakpoint
GRANT INSERT, SELECT (merchant_id, name) ON merchant TO hub_account;
--> statement-breakpoint
GRANT SELECT, INSERT ON audit_entry TO hub_account;
--> statement-breakpoint
-- Made and revoked here, in the transaction of the entry in the audit log; who comes with one is looked up at the claim door.
GRANT SELECT (key_id, merchant_id, label, scopes, created_at, expires_at, revoked_at), INSERT, UPDATE (revoked_at) ON api_key TO hub_account;
