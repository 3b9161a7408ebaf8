-- additive
ALTER TABLE "order_line" ADD COLUMN "channel_shipped" integer DEFAULT 0 NOT NULL;