"""How the columns of a file of expected returns may be called."""

from collections.abc import Mapping

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "return_code": ("return code", "return", "return number", "return no", "return id", "rma", "rma number", "code", "退货码", "退货单号", "退货编号", "退货号"),
    "category": ("category", "类别", "品类", "分类"),
    "order": ("order", "order number", "order no", "order id", "order code", "订单号", "订单编号", "订单"),
    "sku": ("sku", "article", "article number", "item number", "product code", "sku编码", "商品编码", "商品编号", "货号"),
    "serial": ("serial", "serial number", "serial no", "sn", "imei", "序列号", "串号"),
    "reason": ("reason", "return reason", "customer reason", "退货原因", "原因"),
    "carrier": ("carrier", "courier", "承运商", "快递公司", "物流公司"),
    "tracking": ("tracking", "tracking number", "tracking no", "waybill", "运单号", "快递单号", "物流单号"),
    "value": ("value", "amount", "price", "金额", "价值", "价格"),
    "currency": ("currency", "币种", "货币"),
    "contact": ("contact", "email", "phone", "联系方式", "联系人", "电话", "邮箱"),
}  # fmt: skip
"""Field → headings that mean it."""
NEEDED = ("return_code", "category")
