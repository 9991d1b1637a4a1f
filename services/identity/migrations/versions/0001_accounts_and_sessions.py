"""Accounts, sessions, signing keys, service accounts, throttle."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table('accounts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('display_name', sa.Text(), nullable=True),
    sa.Column('password_hash', sa.Text(), nullable=True),
    sa.Column('roles', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'active' and num_nulls(email, display_name, password_hash) = 0 and erased_at is null) or (state = 'erased' and num_nonnulls(email, display_name, password_hash) = 0 and erased_at is not null)", name=op.f('ck_accounts_erased_keeps_no_personal_data')),
    sa.CheckConstraint("roles <@ array['shopper', 'seller', 'operator']", name=op.f('ck_accounts_known_roles')),
    sa.CheckConstraint('email = lower(email)', name=op.f('ck_accounts_lower_case_email')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts')),
    sa.UniqueConstraint('email', name=op.f('uq_accounts_email'))
    )
    op.create_index('ix_accounts_newest_first', 'accounts', ['created_at', 'id'], unique=False)
    op.create_table('service_clients',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('secret_digest', sa.LargeBinary(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_service_clients'))
    )
    op.create_table('signing_keys',
    sa.Column('kid', sa.Text(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sealed_private_key', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('signs_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_until', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('kid', name=op.f('pk_signing_keys'))
    )
    op.create_table('throttle_buckets',
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('subject', sa.LargeBinary(), nullable=False),
    sa.Column('paid_until', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('scope', 'subject', name=op.f('pk_throttle_buckets'))
    )
    op.create_index(op.f('ix_throttle_buckets_paid_until'), 'throttle_buckets', ['paid_until'], unique=False)
    op.create_table('sessions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('rotated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('user_agent', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_because', sa.Text(), nullable=True),
    sa.CheckConstraint('(ended_at is null) = (ended_because is null)', name=op.f('ck_sessions_an_end_has_a_reason')),
    sa.CheckConstraint('generation >= 1', name=op.f('ck_sessions_generation_counts_from_one')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_sessions_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sessions'))
    )
    op.create_index('ix_sessions_living', 'sessions', ['account_id', 'created_at', 'id'], unique=False, postgresql_where=sa.text('ended_at is null'))


def downgrade() -> None:
    for table in ("sessions", "throttle_buckets", "signing_keys", "service_clients", "accounts"):
        op.drop_table(table)
