-- additive
CREATE TABLE "account_holder" (
	"platform" text NOT NULL,
	"external_account_id" text NOT NULL,
	"merchant_id" uuid NOT NULL,
	CONSTRAINT "account_holder_platform_external_account_id_merchant_id_pk" PRIMARY KEY("platform","external_account_id","merchant_id")
);
--> statement-breakpoint
CREATE TABLE "privacy_request" (
	"merchant_id" uuid NOT NULL,
	"request_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"source" text NOT NULL,
	"order_refs" text[] NOT NULL,
	"sha256" "bytea" NOT NULL,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"look_at" timestamp with time zone DEFAULT now() NOT NULL,
	"phase" text NOT NULL,
	"cursor" uuid DEFAULT '00000000-0000-0000-0000-000000000000' NOT NULL,
	"persons" integer DEFAULT 0 NOT NULL,
	"bodies" integer DEFAULT 0 NOT NULL,
	"done_at" timestamp with time zone,
	"reason" text,
	CONSTRAINT "privacy_request_merchant_id_request_id_pk" PRIMARY KEY("merchant_id","request_id"),
	CONSTRAINT "privacy_once" UNIQUE("merchant_id","account_id","sha256"),
	CONSTRAINT "privacy_kind" CHECK ("privacy_request"."kind" in ('export','erase','erase_account')),
	CONSTRAINT "privacy_source" CHECK ("privacy_request"."source" in ('platform','merchant')),
	CONSTRAINT "privacy_phase" CHECK ("privacy_request"."phase" in ('persons','bodies','person_decides','done')),
	CONSTRAINT "privacy_done" CHECK (("privacy_request"."phase" = 'done') = ("privacy_request"."done_at" is not null))
);
--> statement-breakpoint
CREATE INDEX "privacy_open" ON "privacy_request" USING btree ("merchant_id","look_at") WHERE "privacy_request"."done_at" is null;
--> statement-breakpoint
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['privacy_request', 'account_holder'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;
--> statement-breakpoint
CREATE POLICY own ON privacy_request TO hub_app USING (merchant_id = (SELECT nullif(current_setting('hub.merchant_id', true), '')::uuid))
  WITH CHECK (merchant_id = (SELECT nullif(current_setting('hub.merchant_id', true), '')::uuid));
--> statement-breakpoint
-- What was asked and done about people is for keeping: it is the proof, and after a restored backup the list of what to do again.
GRANT SELECT, INSERT, UPDATE ON privacy_request TO hub_app;
--> statement-breakpoint
CREATE POLICY job ON account_holder TO hub_job USING (true) WITH CHECK (true);
--> statement-breakpoint
GRANT SELECT, INSERT ON account_holder TO hub_job;
--> statement-breakpoint
-- Forced row-level security hides the rows from their owner too.
SET LOCAL ROLE hub_job;
--> statement-breakpoint
INSERT INTO account_holder (platform, external_account_id, merchant_id) SELECT platform, external_account_id, merchant_id FROM account_claim;
--> statement-breakpoint
RESET ROLE;
