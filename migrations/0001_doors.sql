-- additive
-- Three roles behind three doors. None may log in, none owns a table, none bypasses row-level security.
DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['hub_app', 'hub_ingest', 'hub_job'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', r);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- roles belong to the cluster, databases share them
    END;
    -- The login role may become them, but must not see through their policies by merely being a member.
    IF NOT pg_has_role(current_user, r, 'MEMBER') OR current_setting('server_version_num')::int >= 160000 THEN
      IF current_setting('server_version_num')::int >= 160000 THEN
        EXECUTE format('GRANT %I TO CURRENT_USER WITH INHERIT FALSE, SET TRUE', r);
      ELSE
        EXECUTE format('GRANT %I TO CURRENT_USER', r);
      END IF;
    END IF;
  END LOOP;
END $$;
--> statement-breakpoint
CREATE TABLE inbox_body_default PARTITION OF inbox_body DEFAULT;
--> statement-breakpoint
CREATE TABLE timeline_event_default PARTITION OF timeline_event DEFAULT;
--> statement-breakpoint
-- The embedded server has no lz4, and bodies come compressed: out of line, as they are.
ALTER TABLE inbox_body ALTER COLUMN bytes SET STORAGE EXTERNAL;
--> statement-breakpoint
ALTER TABLE inbox_body_default ALTER COLUMN bytes SET STORAGE EXTERNAL;
--> statement-breakpoint
-- Prefix search needs an operator class that is leakproof under row-level security.
CREATE INDEX order_number_prefix ON order_number (merchant_id, normalised text_pattern_ops);
--> statement-breakpoint
-- Every table with a merchant gets the same wall; api_key, account_claim and webhook_endpoint are read before the merchant is known.
DO $$
DECLARE t text;
BEGIN
  FOR t IN
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'merchant_id' AND NOT a.attisdropped
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    IF t NOT IN ('api_key', 'account_claim', 'webhook_endpoint', 'inbox_body_default', 'timeline_event_default') THEN
      EXECUTE format(
        'CREATE POLICY own ON %I TO hub_app USING (merchant_id = nullif(current_setting(''hub.merchant_id'', true), '''')::uuid)
         WITH CHECK (merchant_id = nullif(current_setting(''hub.merchant_id'', true), '''')::uuid)', t);
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO hub_app', t);
    END IF;
  END LOOP;
END $$;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO hub_app, hub_ingest, hub_job;
--> statement-breakpoint
-- Ingest: may add for any merchant and see keys; never bodies.
CREATE POLICY ingest_add ON inbox_message FOR INSERT TO hub_ingest WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY ingest_key ON inbox_message FOR SELECT TO hub_ingest USING (true);
--> statement-breakpoint
CREATE POLICY ingest_add ON inbox_body FOR INSERT TO hub_ingest WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY ingest_key ON inbox_body FOR SELECT TO hub_ingest USING (true);
--> statement-breakpoint
GRANT INSERT ON inbox_message, inbox_body TO hub_ingest;
--> statement-breakpoint
GRANT SELECT (merchant_id, message_id, connection_id, dedupe_key) ON inbox_message TO hub_ingest;
--> statement-breakpoint
GRANT SELECT (merchant_id, message_id) ON inbox_body TO hub_ingest;
--> statement-breakpoint
-- Job: lanes, the control plane, and key, state and due columns for finding due work; never bodies or persons.
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['lane', 'api_key', 'account_claim', 'webhook_endpoint'] LOOP
    EXECUTE format('CREATE POLICY job ON %I TO hub_job USING (true) WITH CHECK (true)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO hub_job', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['inbox_message', 'effect', 'listing_push', 'push_cursor', 'stock_clock', 'connection', 'merchant'] LOOP
    EXECUTE format('CREATE POLICY job ON %I FOR SELECT TO hub_job USING (true)', t);
  END LOOP;
END $$;
--> statement-breakpoint
CREATE POLICY job_add ON merchant FOR INSERT TO hub_job WITH CHECK (true);
--> statement-breakpoint
GRANT INSERT ON merchant TO hub_job;
--> statement-breakpoint
GRANT SELECT (merchant_id, message_id, connection_id, state, due_at) ON inbox_message TO hub_job;
--> statement-breakpoint
GRANT SELECT (merchant_id, effect_id, connection_id, kind, state, due_at) ON effect TO hub_job;
--> statement-breakpoint
GRANT SELECT (merchant_id, connection_id, listing_id, desired_version, confirmed_version, due_at, recheck_at) ON listing_push TO hub_job;
--> statement-breakpoint
GRANT SELECT ON push_cursor, stock_clock TO hub_job;
--> statement-breakpoint
GRANT SELECT (merchant_id, connection_id, connector, status, write_mode) ON connection TO hub_job;
--> statement-breakpoint
GRANT SELECT (merchant_id) ON merchant TO hub_job;
