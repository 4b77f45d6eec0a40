# SPDX-License-Identifier: GPL-3.0-or-later
"""Japanese texts about looking into a World."""

TEXTS = {
    "Look Inside": "中を見る",
    "Back Outside": "外に戻る",
    "This shading shows no colors": "このシェーディングでは色が表示されません",
    "Show this World in color from where it was captured, in this 3D View. Nothing in the scene changes": (
        "この3Dビューで、ワールドを撮影された位置からカラーで表示します。シーンは何も変わりません"
    ),
    "Show again what this 3D View showed before it looked inside a World": "ワールドの中を見る前にこの3Dビューが表示していたものに戻します",
    "Name of the World's root; without one, that of the active object": (
        "ワールドのルートの名前。指定しない場合はアクティブオブジェクトのワールド"
    ),
    "There is no 3D View to look inside with.": "中を見るための3Dビューがありません。",
    "Shading": "シェーディング",
    "Material Preview": "マテリアルプレビュー",
    "In color, as quick as it gets with every splat soft": "カラー表示。スプラットを滑らかに見せる中で最も高速",
    "Rendered": "レンダー",
    "As the render engine of the scene shows it": "シーンのレンダーエンジンによる表示",
    "Solid": "ソリッド",
    "In coarse colors, without a material: the quickest": "マテリアルなしの粗いカラー表示。最も高速",
    "Unchanged": "変更しない",
    "Leave the shading of the view alone": "ビューのシェーディングをそのままにします",
    "Overlays": "オーバーレイ",
    "Keep grid, outlines and wires in sight": "グリッド、輪郭、ワイヤーを表示したままにします",
    "The splats of this World are Blender's own already.": "このワールドのスプラットはすでに Blender 標準のものです。",
    "The panorama {1} is {2} pixels wide; at most {3} are shown. It was not used.": (
        "パノラマ {1} の幅は {2} ピクセルですが、表示できるのは最大 {3} です。使用しませんでした。"
    ),
    "This 3D View does not look into a World.": "この3Dビューはワールドの中を見ていません。",
    "More or Fewer Splats": "スプラット数を変更",
    "The splat file {1} says that it is of SPZ version {2}, but is not packed like that. Download it again.": (
        "スプラットファイル {1} は SPZ バージョン {2} と記されていますが、その形式で圧縮されていません。もう一度ダウンロードしてください。"
    ),
}
