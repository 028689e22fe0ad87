"""What is written without a second thought: a FastAPI endpoint of `list[Model]`, SQLModel rows, `add_all`.

Run as a process of its own with the database's address and a port. No token, signature, digest, index, idempotence or receipt.
"""

import sys
from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI
from sqlalchemy import Engine, event
from sqlmodel import Field, Session, SQLModel, create_engine


class Facts(SQLModel):
    name: str
    document_type: str
    document_number: str
    sex: str
    birth_date: date
    origin: str
    destination: str
    education: str
    household_type: str
    moving_reason: str
    moved_on: date
    marital_status: str
    marriage_date: date
    marriage_place: str
    spouse_name: str
    spouse_number: str
    child_sex: str
    child_birth_date: date
    certificate_number: str
    address: str
    ethnicity: str
    purpose: str
    submitted_at: datetime


class PlainRow(Facts, table=True):
    __tablename__ = "plain_rows"

    id: int | None = Field(default=None, primary_key=True)


class Stored(SQLModel):
    ids: list[int]


def engine_of(url: str) -> Engine:
    if url.startswith("sqlite"):
        engine = create_engine(url)
        event.listen(engine, "connect", _as_safe_as_the_node)
        return engine
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))


def _as_safe_as_the_node(driver: Any, _: Any) -> None:
    driver.execute("PRAGMA journal_mode = WAL")
    driver.execute("PRAGMA synchronous = FULL")


def app_of(engine: Engine) -> FastAPI:
    SQLModel.metadata.create_all(engine)
    app = FastAPI()

    def session() -> Iterator[Session]:
        with Session(engine) as opened:
            yield opened

    # As the tutorials of FastAPI and SQLModel do it, for a list; but the ids are read before the commit, which would make
    # each of them a query.
    @app.post("/records")
    def store(records: list[Facts], session: Annotated[Session, Depends(session)]) -> Stored:
        rows = [PlainRow.model_validate(record) for record in records]
        session.add_all(rows)
        session.flush()
        stored = Stored(ids=[row.id for row in rows if row.id is not None])
        session.commit()
        return stored

    return app


if __name__ == "__main__":
    uvicorn.run(app_of(engine_of(sys.argv[1])), port=int(sys.argv[2]), log_level="error", access_log=False)
