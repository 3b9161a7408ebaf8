-- additive
CREATE TABLE "consent" (
	"merchant_id" uuid NOT NULL,
	"consent_id" uuid NOT NULL,
	"connector" text NOT NULL,
	"settings" jsonb NOT NULL,
	"label" text,
	"orders_from" timestamp with time zone,
	"actor" text NOT NULL,
	"browser_sha256" "bytea" NOT NULL,
	"status" text DEFAULT 'waiting' NOT NULL,
	"reason" text,
	"keys" text,
	"connection_id" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "consent_merchant_id_consent_id_pk" PRIMARY KEY("merchant_id","consent_id"),
	CONSTRAINT "consent_status" CHECK ("consent"."status" in ('waiting','connected','refused'))
);
--> statement-breakpoint
CREATE TABLE "consent_state" (
	"state_sha256" "bytea" PRIMARY KEY NOT NULL,
	"merchant_id" uuid NOT NULL,
	"consent_id" uuid NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);

--> statement-breakpoint
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['consent', 'consent_state'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;
--> statement-breakpoint
CREATE POLICY own ON consent TO hub_app USING (merchant_id = (SELECT nullif(current_setting('hub.merchant_id', true), '')::uuid))
  WITH CHECK (merchant_id = (SELECT nullif(current_setting('hub.merchant_id', true), '')::uuid));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON consent TO hub_app;
--> statement-breakpoint
-- Found before the merchant is known, like the address of a webhook.
CREATE POLICY job ON consent_state TO hub_job USING (true) WITH CHECK (true);
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON consent_state TO hub_job;
