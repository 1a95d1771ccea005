from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import BaseModel

app = FastAPI()


class Item(BaseModel):
    name: str
    price: float


async def get_shop() -> str:
    shop = "corner shop"
    return shop


@app.post("/items", status_code=201)
async def create_item(item: Item, shop: Annotated[str, Depends(get_shop)]) -> str:
    receipt = f"{item.name} for {item.price:.2f} at the {shop}"
    return receipt
