# SPDX-License-Identifier: GPL-3.0-or-later
"""Japanese texts about many prompts at once."""

TEXTS = {
    "Side by Side": "並べて配置",
    "Each lands when it is done, beside the others, from the 3D cursor on": (
        "完成したものから、3Dカーソルの位置を先頭に並べて配置します"
    ),
    "Wait as Ready": "配置待ちにする",
    "None lands by itself: place those that you like": "自動では配置しません。気に入ったものを配置してください",
    "There are no prompts in this text: write one a line.": (
        "このテキストにはプロンプトがありません。1 行に 1 つ書いてください。"
    ),
    "Generate each line of a text: one prompt a line, each a job of its own": (
        "テキストの各行を生成します: 1 行が 1 つのプロンプト、それぞれが 1 つのジョブです"
    ),
    "Generate Each Line with Mint": "各行を Mint で生成",
    "Generate Each Line with Mint…": "各行を Mint で生成…",
    "Mint: Each Line of a Text…": "Mint: テキストの各行…",
    "The text whose lines are the prompts": "各行がプロンプトになるテキスト",
    "Results": "結果",
    "What becomes of the results": "結果の扱い",
    "Spacing": "間隔",
    "From one result to the next; a wider one takes the room that it needs": (
        "結果から次の結果までの距離。幅の広いものは必要なだけ場所を取ります"
    ),
    "There is no text: write one in the Text Editor, one prompt a line": (
        "テキストがありません。テキストエディターで 1 行に 1 つプロンプトを書いてください"
    ),
    "Generate All": "すべて生成",
    "There is no text “{1}” in this file.": "このファイルにテキスト「{1}」はありません。",
    "Line {1}: {2}": "{1} 行目: {2}",
    "{1} prompt": "プロンプト {1} 件",
    "{1} prompts": "プロンプト {1} 件",
    "{1}, about {2} Credits in all": "{1}、合計約 {2} クレジット",
    "{1} of {2} prompts came to nothing:": "プロンプト {2} 件のうち {1} 件は結果が得られませんでした:",
}
