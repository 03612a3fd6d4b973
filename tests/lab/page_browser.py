#!/usr/bin/python3
"""Drives headless Chromium at the status page: page_browser.py URL. Reads one command a line, answers each with a line, "ok TEXT" or "FAIL TEXT".

  login PASSWORD            types it and waits for the page
  try PASSWORD              types it and gives what the page says then
  wait SELECTOR | REGEX     until the text of an element matches, for 30 s; gives it
  text SELECTOR             the text now
  click SELECTOR            as a hand would
  enabled SELECTOR          yes or no
  keys                      what Tab reaches, in order
  wide                      by how much the page is wider than the window
  shot FILE WIDTH HEIGHT light|dark [full]
"""
import re
import sys
import time

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

LIMIT_S = 30


def start(url):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    # As root in a sandbox of our own; the certificate is signed by itself.
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--ignore-certificate-errors", "--window-size=1280,900",
                 "--no-proxy-server", "--force-color-profile=srgb"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(LIMIT_S)
    driver.get(url)
    return driver


def text_of(driver, selector):
    return driver.execute_script("const e = document.querySelector(arguments[0]); return e ? e.innerText : ''", selector)


def until(what, limit=LIMIT_S):
    end = time.monotonic() + limit
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > end:
            return None
        time.sleep(0.05)


def wait(driver, selector, pattern):
    got = until(lambda: re.search(pattern, text_of(driver, selector), re.S) and text_of(driver, selector))
    if not got:
        raise LookupError(f"{selector} is '{text_of(driver, selector)}', want {pattern}")
    return got


def type_password(driver, password):
    field = until(lambda: driver.find_element(By.ID, "password").is_displayed() and driver.find_element(By.ID, "password"))
    if not field:
        raise LookupError("there is no password to be typed")
    field.clear()
    field.send_keys(password, Keys.RETURN)


def reached(driver):
    driver.execute_script("document.activeElement.blur()")
    seen = []
    for _ in range(40):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        one = driver.execute_script("const e = document.activeElement; return e === document.body ? '' : e.id || e.className || e.tagName")
        if not one or one in seen:
            break
        seen.append(one)
    return " ".join(seen)


def shoot(driver, path, width, height, scheme, full=""):
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    size = {"width": int(width), "height": int(height), "deviceScaleFactor": 1, "mobile": int(width) < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    if full:
        size["height"] = driver.execute_script("return document.documentElement.scrollHeight")
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    time.sleep(0.3)  # a picture of what is drawn; nothing is decided by it
    driver.save_screenshot(path)
    return path


def login(driver, password):
    type_password(driver, password)
    return wait(driver, "#verdict h1", r"\S")


def attempt(driver, password):
    driver.execute_script("document.getElementById('login-error').textContent = ''")
    type_password(driver, password)
    return wait(driver, "#login-error", r"\S")


def click(driver, selector):
    driver.find_element(By.CSS_SELECTOR, selector).click()
    return selector


COMMANDS = {
    "login": (login, 1), "try": (attempt, 1), "wait": (wait, 2), "text": (text_of, 1), "click": (click, 1),
    "enabled": (lambda d, s: "yes" if d.find_element(By.CSS_SELECTOR, s).is_enabled() else "no", 1),
    "keys": (reached, 0),
    "wide": (lambda d: d.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth"), 0),
    "complaints": (lambda d: "; ".join(l["message"] for l in d.get_log("browser") if "Content Security" in l["message"] or "Error" in l["message"]), 0),
    "shot": (shoot, 4),
}


def main():
    driver = start(sys.argv[1])
    print("ok " + driver.title, flush=True)
    try:
        for line in sys.stdin:
            word, _, rest = line.rstrip("\n").partition(" ")
            f, count = COMMANDS[word]
            words = rest.split(" | ", count - 1) if count else []
            if f is shoot:
                words = rest.split()
            try:
                print("ok " + " ".join(str(f(driver, *words)).split()), flush=True)
            except (LookupError, WebDriverException) as e:
                print("FAIL " + " ".join(str(e).split())[:400], flush=True)
    finally:
        driver.quit()


main()
